package risk

// The reference's checks of orders (vAMM reference §6.4, §6.6, §12), for its
// published cases. The product refuses sizes that do not fit the lot, has one
// price band, and no auctions or triggers.

// ReferenceStep is a size cut down to whole steps, towards zero, and the rest.
func ReferenceStep(base, step int64) (value, rest int64) {
	if step <= 0 {
		return 0, base
	}
	rest = base % step
	return base - rest, rest
}

// ReferenceInBands tells whether a fill lies within the initial margin ratio
// (1e4) of the oracle and within divergence (1e6) of its average over 5 minutes.
func ReferenceInBands(fill, oracle, average, initial, divergence int64) bool {
	if oracle <= 0 || average <= 0 {
		return false
	}
	return distance(fill, oracle) < initial*100 && distance(fill, average) < divergence
}

// distance is |a - b| / b in 1e-6.
func distance(a, b int64) int64 {
	d := a - b
	if d < 0 {
		d = -d
	}
	return d * 1_000_000 / b
}

// ReferenceFallback is the limit of a market order that names none (§6.6).
type ReferenceFallback struct {
	Oracle           int64
	Ask, Bid         int64 // of the model, if it has liquidity
	AskTWAP, BidTWAP int64
	OracleTWAP       int64
	Liquidity        int64
	Seconds          int64 // to expiry; 0: unknown
	Buys             bool
}

// Price moves the model's price away by 1/k, k from the seconds to expiry, or
// where the model has no depth the oracle by the premium of the averages and a
// part of the oracle.
func (f ReferenceFallback) Price() int64 {
	if f.Liquidity > 0 {
		k := clampInt(20*f.Seconds, 100, 200)
		if f.Buys {
			return f.Ask + f.Ask/k
		}
		return f.Bid - f.Bid/k
	}
	part := f.Oracle / clampInt(2*f.Seconds, 10, 50)
	if f.Buys {
		return f.Oracle + max(0, f.AskTWAP-f.OracleTWAP) + part
	}
	return max(0, f.Oracle-max(0, f.OracleTWAP-f.BidTWAP)-part)
}

func clampInt(v, lo, hi int64) int64 { return max(lo, min(v, hi)) }

// ReferenceEstimate is the average price of a depth of base over price levels,
// best first; false if there is less.
func ReferenceEstimate(levels [][2]int64, depth int64) (int64, bool) {
	var quote, done int64
	for _, l := range levels {
		take := min(l[1], depth-done)
		quote += mulDiv(l[0], take, 1_000_000_000)
		if done += take; done == depth {
			break
		}
	}
	if done < depth || depth <= 0 {
		return 0, false
	}
	return mulDiv(quote, 1_000_000_000, depth), true
}

// ReferenceClampTrigger keeps a trigger price within a part of the oracle: one
// in 500 for the tiers A and B, one in 100 for C, one in 40 for the others.
func ReferenceClampTrigger(oracle, median int64, tier string) int64 {
	part := oracle / 40
	switch tier {
	case "A", "B":
		part = oracle / 500
	case "C":
		part = oracle / 100
	}
	return clampInt(median, oracle-part, oracle+part)
}

// ReferenceTrigger is what the reference's trigger price is made of.
type ReferenceTrigger struct {
	Oracle, Average5Min     int64
	MarkAverage, OracleFund int64
	Rate, RateTime, Period  int64
	Now                     int64
	Tier                    string
	Median                  bool
}

// Price is the median of the oracle with the last basis of 5 minutes, the
// oracle with the funding basis, and the oracle, clamped; or the oracle alone.
func (t ReferenceTrigger) Price() int64 {
	if !t.Median {
		return t.Oracle
	}
	fills := t.Oracle + t.MarkAverage - t.Average5Min
	funding := t.Oracle + t.basis()
	return ReferenceClampTrigger(t.Oracle, median(fills, funding, t.Oracle), t.Tier)
}

// basis is the last funding rate as a price, less its constant part, running
// out linearly until the next funding.
func (t ReferenceTrigger) basis() int64 {
	if t.Period <= 0 {
		return 0
	}
	premium := t.Rate*(86_400/t.Period)/1_000 - t.OracleFund/5_000
	left := clampInt(t.Period-(t.Now-t.RateTime), 0, t.Period)
	return mulDiv(premium, left, t.Period)
}

func median(a, b, c int64) int64 { return max(min(a, b), min(max(a, b), c)) }
