package bench

import (
	"math"
	"slices"
	"time"
)

// A histogram counts times in buckets that grow by 2 %, so that hours of samples
// take no more memory than a few. Its quantiles are that exact.
type histogram struct {
	counts [bucketsMax]int64
	n      int64
}

// bucketsMax buckets from 1 µs on reach 20 minutes; what is longer is in the last.
const (
	bucketsMax   = 1060
	bucketGrowth = 1.02
)

func (h *histogram) add(d time.Duration) {
	i := 0
	if us := float64(d) / float64(time.Microsecond); us > 1 {
		i = int(math.Ceil(math.Log(us) / math.Log(bucketGrowth)))
	}
	h.counts[min(i, bucketsMax-1)]++
	h.n++
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.n += o.n
}

// quantile is the upper end of the bucket that holds the q-th part, in µs; 0 if
// nothing was counted.
func (h *histogram) quantile(q float64) float64 {
	left := int64(math.Ceil(q * float64(h.n)))
	for i, n := range h.counts {
		if left -= n; left <= 0 && h.n > 0 {
			return math.Pow(bucketGrowth, float64(i))
		}
	}
	return 0
}

// median is the middle of some values, the lower one of two; 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	return s[(len(s)-1)/2]
}

// ratio is a/b, and 0 where there is nothing to compare with.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
