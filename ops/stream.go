package ops

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	beat      = 250 * time.Millisecond // least time between two messages to one reader
	heartbeat = 2 * time.Second        // longest time between two messages to one reader
	retry     = time.Second            // after which a browser whose stream broke tries again
)

// update is one message of /events: the status, and the plot's new points.
type update struct {
	Whole  bool               `json:"whole"` // the points are all there are, not only the new ones
	Status Status             `json:"status"`
	Points map[string][]Point `json:"points"`
}

// events streams the newest state, at most one message a beat: what changed
// meanwhile is in the next one. Nothing queues up for a slow reader, and one
// that does not read a message in answerWait loses the line. A quiet gateway
// still sends a message each heartbeat, so that silence means a broken line.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead {
		return
	}
	changed, end, ok := s.model.watch()
	if !ok {
		http.Error(w, "too many readers of /events", http.StatusServiceUnavailable)
		return
	}
	defer end()
	if _, err := fmt.Fprintf(w, "retry: %d\n\n", retry.Milliseconds()); err != nil {
		return // The reader is gone.
	}
	pace := time.NewTicker(beat)
	defer pace.Stop()
	seen := map[string]int64{}
	for whole := true; s.tell(w, seen, whole) == nil; whole = false {
		if !s.await(r, changed, pace) {
			return
		}
	}
}

// tell writes one message with what is newest now.
func (s *Server) tell(w http.ResponseWriter, seen map[string]int64, whole bool) error {
	points := s.model.pointsSince(seen)
	for symbol, p := range points {
		seen[symbol] = p[len(p)-1].Time
	}
	b, err := json.Marshal(update{whole, s.model.Status(), points})
	if err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	out := http.NewResponseController(w)
	if err := out.SetWriteDeadline(time.Now().Add(answerWait)); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	if _, err := fmt.Fprintf(w, "data: %s\n\n", b); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	return nil
}

// await waits for the next beat with news, or for the heartbeat; false is the
// end of the stream.
func (s *Server) await(r *http.Request, changed <-chan struct{}, pace *time.Ticker) bool {
	silence := time.NewTimer(heartbeat)
	defer silence.Stop()
	select {
	case <-r.Context().Done():
		return false
	case <-s.done:
		return false
	case <-pace.C:
	}
	select {
	case <-r.Context().Done():
		return false
	case <-s.done:
		return false
	case <-changed:
	case <-silence.C:
	}
	return true
}
