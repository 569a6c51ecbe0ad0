package ops

// ring keeps the newest values up to a fixed number; adding one is O(1).
type ring[T any] struct {
	values []T
	oldest int // index of the oldest value once the ring is full
	most   int
}

func newRing[T any](most int) *ring[T] { return &ring[T]{most: most} }

func (r *ring[T]) len() int { return len(r.values) }

// at returns the i-th value, the oldest being 0.
func (r *ring[T]) at(i int) *T { return &r.values[(r.oldest+i)%len(r.values)] }

// add puts a value at the new end; a full ring loses its oldest.
func (r *ring[T]) add(v T) {
	if len(r.values) < r.most {
		r.values = append(r.values, v)
		return
	}
	r.values[r.oldest] = v
	r.oldest = (r.oldest + 1) % r.most
}
