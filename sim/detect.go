package sim

import (
	"cmp"
	"math"
	"slices"

	"backstop/perp"
)

// Goals of detection, in orders dealt.
const (
	detectToxic = 10
	detectHalf  = 30
)

// watched is a toxic client until the maker finds it out.
type watched struct {
	class class
	deals int // orders that it had dealt by then, or in all
	found bool
}

// accepted counts an order of a client that is toxic by itself; several fills of
// one order are one decision. The camouflaged one is not counted: how much of it
// is toxic depends on what the maker lets through.
func (s *score) accepted(x *taker) {
	if x.class == arb || x.class == sniper || x.class == half {
		if w := s.watching(x); !w.found {
			w.deals++
		}
	}
}

// graded notes that the maker changed a client's terms. Being new is no finding,
// and neither is a recovery.
func (s *score) graded(x *taker, ev perp.ClientGraded) {
	if x == nil {
		return
	}
	if ev.Class.Tier >= perp.TierPriced || ev.Until != 0 || ev.Why == "markout" || ev.Why == "strike" {
		s.watching(x).found = true
	}
}

func (s *score) watching(x *taker) *watched {
	w := s.watch[x.name]
	if w == nil {
		w = &watched{class: x.class}
		s.watch[x.name] = w
	}
	return w
}

func (s *score) found() (all []watched) {
	for _, w := range s.watch {
		all = append(all, *w)
	}
	slices.SortFunc(all, func(a, b watched) int { return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.deals, b.deals)) })
	return all
}

// detect tells how soon clients were found out. One that was not, and dealt no
// more than the goal allows, says nothing; one that dealt more counts as never.
func (s *Score) detect(all []watched) {
	s.Undetected = 0
	of := func(goal int, match func(class) bool) float64 {
		var deals []int
		for _, w := range all {
			switch {
			case !match(w.class):
			case w.found:
				deals = append(deals, w.deals)
			case w.deals > goal:
				deals = append(deals, math.MaxInt)
				s.Undetected++
			}
		}
		if len(deals) == 0 {
			return -1
		}
		if m := median(deals); m < math.MaxInt {
			return float64(m)
		}
		return -1
	}
	s.DetectFills = of(detectToxic, func(c class) bool { return c == arb || c == sniper })
	s.DetectHalf = of(detectHalf, func(c class) bool { return c == half })
}

// median is the upper middle of values, which it sorts.
func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// highest is the percentile of n values of which only those above zero are
// listed.
func highest(above []perp.Time, n, percent int) perp.Time {
	slices.Sort(above)
	i := n*percent/100 - (n - len(above))
	if n == 0 || i < 0 {
		return 0
	}
	return above[i]
}
