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
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

//go:embed web openapi.yaml
var content embed.FS

// DefaultAddr is where the page is unless the configuration says otherwise.
const DefaultAddr = "127.0.0.1:8080"

// Limits of the HTTP port.
const (
	headerMax  = 16 << 10 // bytes
	headerWait = 5 * time.Second
	answerWait = 15 * time.Second // to read a request, and to write an answer or one message of the stream
	idleWait   = time.Minute
	connsMax   = 256
	scrapesMax = 4 // of /metrics at once
)

// Server is the read-only HTTP port.
type Server struct {
	model    *Model
	http     *http.Server
	listener net.Listener
	log      *slog.Logger
	stop     sync.Once
	done     chan struct{} // closed when stopping, so that streams end

	find      func(context.Context, Question) (Messages, error) // nil: nothing can be looked for
	questions chan struct{}                                     // places of those under way
}

// errNotLoopback is returned for an address that other machines can reach.
var errNotLoopback = errors.New("the dashboard listens on loopback only, since it asks nobody who they are")

// NewServer listens on a loopback address; port 0 takes a free one. Any other
// address is refused before it is listened on.
func NewServer(addr string, m *Model, log *slog.Logger) (*Server, error) {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	if !at.IP.IsLoopback() {
		return nil, fmt.Errorf("dashboard: %q: %w", addr, errNotLoopback)
	}
	l, err := net.ListenTCP("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	s := &Server{model: m, listener: l, log: log, done: make(chan struct{}), questions: make(chan struct{}, questionsMax)}
	s.http = &http.Server{
		Handler: guard(s.mux()), ReadHeaderTimeout: headerWait, ReadTimeout: answerWait, WriteTimeout: answerWait,
		IdleTimeout: idleWait, MaxHeaderBytes: headerMax, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// Start serves until Stop.
func (s *Server) Start() {
	go func() {
		if err := s.http.Serve(limit(s.listener, connsMax)); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("dashboard ended", "error", err)
		}
	}()
}

// Addr is where the port listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Stop ends the streams and waits for answers under way.
func (s *Server) Stop(timeout time.Duration) error {
	s.stop.Do(func() { close(s.done) })
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if closed := s.listener.Close(); closed != nil && !errors.Is(closed, net.ErrClosed) { // Open if it never served.
		err = errors.Join(err, closed)
	}
	if err != nil {
		return fmt.Errorf("dashboard: %w", err)
	}
	return nil
}

// route is one path that is served. openapi.yaml lists the same paths.
type route struct {
	path   string
	handle http.HandlerFunc
}

func (s *Server) routes() []route {
	file := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, content, name) }
	}
	part := func(of func(Status) any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { s.json(w, http.StatusOK, of(s.model.Status())) }
	}
	metrics := promhttp.HandlerFor(s.model.Registry(), promhttp.HandlerOpts{MaxRequestsInFlight: scrapesMax})
	return []route{
		{"/{$}", file("web/index.html")},
		{"/messages", file("web/messages.html")},
		{"/web/{file...}", page},
		{"/healthz", func(w http.ResponseWriter, _ *http.Request) {
			s.json(w, http.StatusOK, map[string]string{"status": "ok"})
		}},
		{"/readyz", s.readyz},
		{"/metrics", metrics.ServeHTTP},
		{"/api/v1/status", part(func(v Status) any { return v })},
		{"/api/v1/markets", part(func(v Status) any { return v.Markets })},
		{"/api/v1/sessions", part(func(v Status) any { return v.Sessions })},
		{"/api/v1/fills", part(func(v Status) any { return v.Fills })},
		{"/api/v1/balances", part(func(v Status) any { return v.Ledger })},
		{"/api/v1/clients", part(func(v Status) any { return v.Clients })},
		{"/api/v1/classes", func(w http.ResponseWriter, _ *http.Request) { s.json(w, http.StatusOK, s.model.Classes()) }},
		{"/api/v1/messages", s.messages},
		{"/events", s.events},
		{"/openapi.yaml", file("openapi.yaml")},
	}
}

func (s *Server) mux() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.HandleFunc("GET "+r.path, r.handle) // HEAD as well.
	}
	return mux
}

// page serves the files of the page, not the lists of its folders.
func page(w http.ResponseWriter, r *http.Request) {
	name := "web/" + r.PathValue("file")
	if info, err := fs.Stat(content, name); err != nil || info.IsDir() {
		http.NotFound(w, r)
		return
	}
	http.ServeFileFS(w, r, content, name)
}

func (s *Server) json(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.log.Debug("answer not read", "error", err)
	}
}

// readiness is the answer of /readyz.
type readiness struct {
	Ready  bool     `json:"ready"`
	Checks []Result `json:"checks"`
}

// readyz is 200 only if every condition holds and every market quotes or says
// why it does not.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	checks, ready := s.model.readiness()
	code := http.StatusOK
	if !ready {
		code = http.StatusServiceUnavailable
	}
	s.json(w, code, readiness{ready, checks})
}
