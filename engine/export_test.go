package engine

// KeepEnded sets how many ended orders are kept in mind at least.
func (e *Engine) KeepEnded(n int) { e.state.Book.kept = n }

// InMind is how many orders are.
func (e *Engine) InMind() int { return len(e.state.Book.byID) }
