package ops

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Limits of a question about messages.
const (
	messagesMax     = 500 // in one answer
	messagesUsual   = 100
	conditionsMax   = 8
	questionTextMax = 200             // bytes of each text of a question
	questionsMax    = 1               // at once: what the gateway is for comes first
	questionWait    = 3 * time.Second // for a place
	questionTime    = 8 * time.Second // to look, of which an order may need several; then it is written within answerWait
)

// Question is what somebody looks for in messages.
type Question struct {
	Order   string   // all about this one, by any of its ids; oldest first
	Session string   // empty: all
	Types   []string // of messages; none: all
	Where   []string // conditions, as of gateway fix grep
	Before  time.Time
	Limit   int
}

// ErrQuestion means that a question cannot be understood.
var ErrQuestion = errors.New("cannot be understood")

// Messages is what was found. It was looked for from Since on, and back to there.
type Messages struct {
	Messages []ToldMessage `json:"messages"` // newest first; those of an order oldest first
	Orders   []ToldOrder   `json:"orders"`   // that the id means
	Since    string        `json:"since"`    // ask for what was before this to go on
	Cut      bool          `json:"cut"`      // there may be more: a limit ended the search
}

// ToldMessage is one message that was found.
type ToldMessage struct {
	ID        string      `json:"id"`
	Time      string      `json:"time"`     // a request: when it was read; else when it was durable, and left
	AfterUS   int64       `json:"after_us"` // since the message before it, in microseconds
	Session   string      `json:"session"`
	Direction string      `json:"direction"` // in: to the gateway; out: from it
	Number    string      `json:"number"`
	Type      string      `json:"type"`
	Name      string      `json:"name"`
	OrderID   string      `json:"order_id,omitempty"` // that it names, if it names one; else the ClOrdID
	Account   string      `json:"account,omitempty"`
	Fields    []ToldField `json:"fields"`
}

// ToldField is one field of a message. Secrets are blanked.
type ToldField struct {
	Tag     int    `json:"tag"`
	Name    string `json:"name"`
	Value   string `json:"value"`
	Meaning string `json:"meaning,omitempty"` // of the value
}

// ToldOrder is an order that was asked about.
type ToldOrder struct {
	OrderID string `json:"order_id"`
	ClOrdID string `json:"cl_ord_id"`
	Account string `json:"account"`
	Symbol  string `json:"symbol"`
	Side    string `json:"side"`
	Size    string `json:"size"`
	Filled  string `json:"filled"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Created string `json:"created"`
	Updated string `json:"updated"`
}

// Find tells who looks through messages. Call it before Start.
func (s *Server) Find(find func(context.Context, Question) (Messages, error)) { s.find = find }

// messages answers a question about what was said.
func (s *Server) messages(w http.ResponseWriter, r *http.Request) {
	if s.find == nil {
		http.Error(w, "no messages are kept here", http.StatusNotFound)
		return
	}
	q, err := readQuestion(r.URL.Query(), s.model.now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodHead { // A search whose answer nobody reads.
		w.Header().Set("Content-Type", "application/json")
		return
	}
	wait, cancel := context.WithTimeout(r.Context(), questionWait)
	defer cancel()
	select {
	case s.questions <- struct{}{}:
		defer func() { <-s.questions }()
	case <-wait.Done():
		w.Header().Set("Retry-After", "1")
		http.Error(w, "another search is under way", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), questionTime)
	defer cancel()
	found, err := s.find(ctx, q)
	switch {
	case errors.Is(err, ErrQuestion):
		http.Error(w, err.Error(), http.StatusBadRequest)
	case err != nil:
		s.log.Error("search of messages failed", "error", err)
		http.Error(w, "the search failed; the log says why", http.StatusInternalServerError)
	default:
		s.json(w, http.StatusOK, found)
	}
}

// readQuestion takes the parameters of a question. One that is unknown is refused:
// whoever mistypes a condition would be told of everything.
func readQuestion(values url.Values, now time.Time) (Question, error) {
	q := Question{Before: now, Limit: messagesUsual}
	for name, all := range values {
		if name != "where" && len(all) != 1 {
			return q, fmt.Errorf("%s: stands there %d times", name, len(all))
		}
		for _, text := range all {
			if len(text) > questionTextMax {
				return q, fmt.Errorf("%s: longer than %d bytes", name, questionTextMax)
			}
			if err := q.set(name, strings.TrimSpace(text)); err != nil {
				return q, err
			}
		}
	}
	return q, nil
}

func (q *Question) set(name, text string) (err error) {
	switch name {
	case "order":
		q.Order = text
	case "session":
		q.Session = text
	case "type":
		if text != "" {
			q.Types = strings.Split(text, ",")
		}
	case "where":
		if text != "" {
			q.Where = append(q.Where, text)
		}
		if len(q.Where) > conditionsMax {
			return fmt.Errorf("where: more than %d conditions", conditionsMax)
		}
	case "before":
		if text == "" {
			return nil
		}
		q.Before, err = time.Parse(time.RFC3339Nano, text)
		if err != nil || q.Before.Year() < 1970 || q.Before.Year() > 2200 {
			return fmt.Errorf("before: %q is no time such as 2026-07-22T12:00:00Z", text)
		}
	case "limit":
		q.Limit, err = strconv.Atoi(text)
		if err != nil || q.Limit < 1 || q.Limit > messagesMax {
			return fmt.Errorf("limit: %q is not from 1 to %d", text, messagesMax)
		}
	default:
		return fmt.Errorf("%s: there are order, session, type, where, before and limit", name)
	}
	return nil
}
