package oracle

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"backstop/perp"
	"pgregory.net/rapid"
)

func drawVote(t *rapid.T, venue string) Vote {
	price := rapid.Int64Range(1, int64(priceMax)).Draw(t, "price")
	return Vote{Venue: venue, Price: perp.Price(price), Half: perp.Price(rapid.Int64Range(0, price-1).Draw(t, "half"))}
}

func drawVotes(t *rapid.T) []Vote {
	votes := make([]Vote, rapid.IntRange(1, venuesMax).Draw(t, "venues"))
	for i := range votes {
		votes[i] = drawVote(t, fmt.Sprint("v", i))
		votes[i].At = perp.Time(rapid.Int64Range(0, 5).Draw(t, "at"))
	}
	return votes
}

// TestPriceWithinQuartiles counts the ballot the slow way: at least a quarter
// is not above the price minus what the confidence spans, and so on.
func TestPriceWithinQuartiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		votes := drawVotes(t)
		r, ok := Aggregate(votes, 0, AggregatorLimits{})
		if !ok {
			t.Fatal("votes without a price")
		}
		var ballot []perp.Price
		for _, v := range votes {
			ballot = append(ballot, v.Price-v.Half, v.Price, v.Price+v.Half)
		}
		slices.Sort(ballot)
		p25, p75 := ballot[len(ballot)/4], ballot[len(ballot)-1-len(ballot)/4]
		if r.Price < p25 || r.Price > p75 {
			t.Fatalf("price %v outside %v..%v", r.Price, p25, p75)
		}
		if r.Confidence < r.Price-p25 || r.Confidence < p75-r.Price || (r.Confidence != r.Price-p25 && r.Confidence != p75-r.Price) {
			t.Fatalf("confidence %v does not span %v..%v around %v", r.Confidence, p25, p75, r.Price)
		}
		below, above := 0, 0
		for _, b := range ballot {
			if b < r.Price {
				below++
			}
			if b > r.Price {
				above++
			}
		}
		if 2*below > len(ballot) || 2*above > len(ballot) {
			t.Fatalf("price %v is no median of %v", r.Price, ballot)
		}
		for _, v := range votes {
			if d := distance(v.Price, r.Price); d > r.Divergence {
				t.Fatalf("divergence %v but %s is %v off", r.Divergence, v.Venue, d)
			}
		}
	})
}

func TestOneLiarAmongThree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, liar := drawVote(t, "a"), drawVote(t, "b"), drawVote(t, "liar")
		limit := rapid.SampledFrom([]perp.Ratio{0, 100 * perp.BP, perp.RatioOne}).Draw(t, "limit")
		r, ok := Aggregate([]Vote{a, liar, b}, 0, AggregatorLimits{MaxDeviation: limit})
		low, high := min(a.Price-a.Half, b.Price-b.Half), max(a.Price+a.Half, b.Price+b.Half)
		// Who is the liar is not known: with a limit, one of the two others may
		// be the one left out, if the liar is nearer to its neighbour.
		for _, s := range r.Standings {
			if s.Reason == Far && s.Venue != "liar" {
				return
			}
		}
		if !ok || r.Price < low || r.Price > high {
			t.Fatalf("price %v outside %v..%v", r.Price, low, high)
		}
	})
}

func TestOrderOfVotesHasNoEffect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		votes := drawVotes(t)
		limits := AggregatorLimits{Stale: 2, MaxDeviation: perp.RatioOne / 2}
		want, wantOK := Aggregate(votes, 5, limits)
		mixed := slices.Clone(votes)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))
		rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		if got, ok := Aggregate(mixed, 5, limits); ok != wantOK || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v\nthen %v", want, got)
		}
	})
}

func TestWhoCounts(t *testing.T) {
	vote := func(venue string, price, at int64) Vote {
		return Vote{Venue: venue, Price: perp.Price(price) * perp.PriceOne, Half: 1, At: perp.Time(at)}
	}
	limits := AggregatorLimits{Stale: 10, MaxDeviation: 100 * perp.BP}
	for _, c := range []struct {
		name    string
		votes   []Vote
		now     perp.Time
		price   string // empty: none
		sources int64
		left    string
	}{
		{name: "nobody"},
		{name: "alone", votes: []Vote{vote("a", 100, 0)}, price: "100", sources: 1},
		{name: "age at the limit", votes: []Vote{vote("a", 100, 0)}, now: 10, price: "100", sources: 1},
		{name: "too old", votes: []Vote{vote("a", 100, 0)}, now: 11, left: "a:stale "},
		{name: "two disagree", votes: []Vote{vote("a", 100, 0), vote("b", 200, 0)}, price: "150", sources: 2},
		{name: "one of three is off", votes: []Vote{vote("a", 100, 0), vote("b", 100, 0), vote("c", 65, 0)}, price: "100", sources: 2, left: "c:too far off "},
		{name: "all disagree", votes: []Vote{vote("a", 100, 0), vote("b", 200, 0), vote("c", 300, 0)}, price: "200", sources: 3},
		{name: "off by the limit", votes: []Vote{vote("a", 100, 0), vote("b", 100, 0), vote("c", 101, 0)}, price: "100.000001", sources: 3},
	} {
		r, ok := Aggregate(c.votes, c.now, limits)
		left := ""
		for _, s := range r.Standings {
			if s.Reason != Kept {
				left += s.Venue + ":" + string(s.Reason) + " "
			}
		}
		if ok != (c.price != "") || ok && r.Price.String() != c.price || r.Sources != c.sources || left != c.left {
			t.Errorf("%s: %v %v from %d, left out %q", c.name, ok, r.Price, r.Sources, left)
		}
	}
}

func TestVoteRefuses(t *testing.T) {
	a, err := NewAggregator(AggregatorLimits{})
	if err != nil {
		t.Fatal(err)
	}
	good := Vote{Venue: "a", Price: 100, Half: 1, At: 5}
	if r := a.Vote(good); r != Kept {
		t.Fatal(r)
	}
	for _, c := range []struct {
		change func(*Vote)
		want   Reason
	}{
		{func(v *Vote) { v.Price = 0 }, BadPrice},
		{func(v *Vote) { v.Price = -1 }, BadPrice},
		{func(v *Vote) { v.Price = priceMax + 1 }, BadPrice},
		{func(v *Vote) { v.Half = -1 }, BadPrice},
		{func(v *Vote) { v.Half = 100 }, BadPrice},
		{func(v *Vote) { v.Venue = "" }, BadVenue},
		{func(v *Vote) { v.Venue = "a name that is too long" }, BadVenue},
		{func(v *Vote) { v.At = 4 }, Older},
	} {
		v := good
		c.change(&v)
		if got := a.Vote(v); got != c.want {
			t.Errorf("%+v: %q instead of %q", v, got, c.want)
		}
	}
	for i := range venuesMax - 1 {
		if got := a.Vote(Vote{Venue: fmt.Sprint("v", i), Price: 100}); got != Kept {
			t.Fatal(got)
		}
	}
	if got := a.Vote(Vote{Venue: "one more", Price: 100}); got != Crowded {
		t.Errorf("a venue too many: %q", got)
	}
	if a.Alive("stranger", 9) || !a.Alive("a", 9) {
		t.Error("only a venue that voted is alive")
	}
	if r, _ := a.Price(9); r.Publish != 9 || r.Sources != venuesMax {
		t.Errorf("%+v", r)
	}
	if _, err := NewAggregator(AggregatorLimits{Stale: -1}); err == nil {
		t.Error("a negative tolerance is taken")
	}
}
