package ops

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

//go:embed web openapi.yaml
var content embed.FS

// Limits of the HTTP port.
const (
	headerMax   = 16 << 10
	headerWait  = 5 * time.Second
	answerWait  = 15 * time.Second
	watchersMax = 64 // readers of /events at once
	beat        = 500 * time.Millisecond
)

// Server is the read-only HTTP port.
type Server struct {
	model    *Model
	http     *http.Server
	listener net.Listener
	log      *slog.Logger
	done     chan struct{} // closed when stopping, so that streams end
	failed   chan error
}

// errNotLoopback is returned for an address that other machines can reach.
var errNotLoopback = errors.New("the dashboard listens on loopback only")

// NewServer listens on a loopback address; port 0 takes a free one.
func NewServer(addr string, m *Model, log *slog.Logger) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("dashboard: %s: %w", addr, errNotLoopback), l.Close())
	}
	s := &Server{model: m, listener: l, log: log, done: make(chan struct{}), failed: make(chan error, 1)}
	s.http = &http.Server{
		Handler: s.guard(s.routes()), ReadHeaderTimeout: headerWait, ReadTimeout: answerWait, IdleTimeout: time.Minute,
		MaxHeaderBytes: headerMax,
	}
	return s, nil
}

// Start serves until Stop.
func (s *Server) Start() {
	go func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("dashboard ended", "error", err)
		}
	}()
}

// Addr is where the port listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Stop ends the streams and waits for answers under way.
func (s *Server) Stop(timeout time.Duration) error {
	close(s.done)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return fmt.Errorf("dashboard: %w", err)
	}
	return nil
}

// routes is every path that is served; openapi.yaml says the same.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	web, err := fs.Sub(content, "web")
	if err != nil {
		panic(err) // The folder is embedded.
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		s.json(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.model.Registry(), promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /api/v1/status", func(w http.ResponseWriter, _ *http.Request) { s.json(w, http.StatusOK, s.model.Status()) })
	mux.HandleFunc("GET /api/v1/markets", func(w http.ResponseWriter, _ *http.Request) { s.json(w, http.StatusOK, s.model.marketViews()) })
	mux.HandleFunc("GET /api/v1/sessions", func(w http.ResponseWriter, _ *http.Request) { s.json(w, http.StatusOK, s.model.sessionViews()) })
	mux.HandleFunc("GET /api/v1/fills", func(w http.ResponseWriter, _ *http.Request) { s.json(w, http.StatusOK, s.model.fillViews()) })
	mux.HandleFunc("GET /api/v1/balances", func(w http.ResponseWriter, _ *http.Request) { s.json(w, http.StatusOK, s.model.ledgerView()) })
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /openapi.yaml", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, content, "openapi.yaml") })
	mux.Handle("GET /", http.FileServerFS(web))
	return mux
}

// guard answers only names of this machine, against pages elsewhere that point
// their own name at it, and only reading methods; it sets what a browser may do.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localHost(r.Host) {
			http.Error(w, "this name is not served here; use 127.0.0.1 or localhost", http.StatusForbidden)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "this port is read-only", http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

func localHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (s *Server) json(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.log.Debug("answer not read", "error", err)
	}
}

// readyz is 200 only if every condition holds and every market quotes or says
// why it does not.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	checks, ready := s.model.readiness()
	code := http.StatusOK
	if !ready {
		code = http.StatusServiceUnavailable
	}
	s.json(w, code, map[string]any{"ready": ready, "checks": checks})
}

// update is one message of /events: the status, and the plot's new points.
type update struct {
	Status Status             `json:"status"`
	Points map[string][]Point `json:"points"`
}

// events streams the newest state, at most once a beat: what changed meanwhile
// is in the next message, nothing queues up.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if s.model.watching() >= watchersMax {
		http.Error(w, "too many readers of /events", http.StatusServiceUnavailable)
		return
	}
	changed, end := s.model.watch()
	defer end()
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	pace := time.NewTicker(beat)
	defer pace.Stop()
	seen := map[string]int64{}
	for first := true; ; first = false {
		if !first {
			select {
			case <-r.Context().Done():
				return
			case <-s.done:
				return
			case <-pace.C:
			}
			select {
			case <-changed:
			default: // Nothing new; the message below keeps the line alive all the same.
			}
		}
		points := s.model.pointsSince(seen)
		for symbol, p := range points {
			seen[symbol] = p[len(p)-1].Time
		}
		b, err := json.Marshal(update{s.model.Status(), points})
		if err == nil {
			err = out.SetWriteDeadline(time.Now().Add(answerWait))
		}
		if err == nil {
			_, err = fmt.Fprintf(w, "data: %s\n\n", b)
		}
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			return // The reader is gone.
		}
	}
}
