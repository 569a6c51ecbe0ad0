package ops

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

// reach gives a path that is short enough for a unix socket: the path itself,
// or the same file by way of its opened directory. The directory must stay open
// while the path is used.
func reach(path string) (string, *os.File, error) {
	if len(path) <= socketPathMax {
		return path, nil, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)), dir, nil
}

// ErrNoDesk is returned when no gateway answers at a socket.
var ErrNoDesk = errors.New("no running gateway")

// deskViewMax bounds what is read of a view.
const deskViewMax = 4 << 20

// AskDesk sends a command to the admin socket at path and returns how it ended.
// An error means that nobody knows: ErrNoDesk that it never arrived.
func AskDesk(ctx context.Context, path string, c DeskCommand) (answer DeskAnswer, err error) {
	body, err := json.Marshal(c)
	if err != nil {
		return answer, fmt.Errorf("desk: %w", err)
	}
	status, err := overSocket(ctx, path, http.MethodPost, "commands", body, adminBodyMax, &answer)
	if err == nil && status == http.StatusGatewayTimeout {
		err = fmt.Errorf("desk: %s: %w", answer.Detail, context.DeadlineExceeded)
	}
	return answer, err
}

// ReadDesk reads a view (Admin.Show) from the admin socket at path.
func ReadDesk(ctx context.Context, path, name string, into any) error {
	_, err := overSocket(ctx, path, http.MethodGet, name, nil, deskViewMax, into)
	return err
}

// overSocket makes one request over the admin socket and decodes what comes back.
func overSocket(ctx context.Context, path, method, name string, body []byte, most int64, into any) (status int, err error) {
	at, dir, err := reach(path)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNoDesk, err)
	}
	if dir != nil {
		defer func() { err = errors.Join(err, dir.Close()) }()
	}
	client := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "unix", at)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrNoDesk, err)
			}
			return conn, nil
		},
	}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, method, "http://desk/v1/"+name, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("desk: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("desk: %w", err)
	}
	err = json.NewDecoder(http.MaxBytesReader(nil, response.Body, most)).Decode(into)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return response.StatusCode, fmt.Errorf("desk: status %d: %w", response.StatusCode, err)
	}
	return response.StatusCode, nil
}
