package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// ports is what --ports-file says: where a gateway that may have chosen its
// own ports can be reached. Scripts rely on these names.
type ports struct {
	FIX     string `json:"fix"`
	HTTP    string `json:"http"`
	Admin   string `json:"admin"` // the desk's unix socket
	PID     int    `json:"pid"`
	DataDir string `json:"data_dir"`
}

// write puts the file there whole or not at all, so that a reader who sees it
// may use it.
func (p ports) write(path string) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".ports-*")
	if err != nil {
		return fmt.Errorf("ports file: %w", err)
	}
	_, err = tmp.Write(append(b, '\n'))
	if err2 := tmp.Close(); err == nil {
		err = err2
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return fmt.Errorf("ports file: %w", err)
	}
	return nil
}
