package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// fileMax is the largest configuration that is read.
const fileMax = 1 << 20

// Load reads a file and the secrets that it points at. An error is *Problems
// for faults of the file; errors.Is(err, fs.ErrNotExist) if there is none.
func Load(path string) (*Config, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	if info.IsDir() || info.Size() > fileMax {
		return nil, fmt.Errorf("reading the configuration: %s is not a file of at most %d bytes", path, fileMax)
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	c, err := Parse(path, src)
	// Secrets and files are looked at even if other keys are wrong, so that
	// nothing comes up only at the next try.
	faults := &Problems{File: path, Source: src}
	if err != nil && !errors.As(err, &faults) {
		return nil, err
	}
	if c != nil {
		c.resolveFiles(faults, filepath.Dir(path), os.LookupEnv)
	}
	if len(faults.List) > 0 {
		faults.order()
		return nil, faults
	}
	return c, nil
}

// Parse reads a configuration without touching anything outside of it. On
// faults it returns *Problems and, unless the source is not TOML at all, what it
// could read.
func Parse(name string, src []byte) (*Config, error) {
	faults := &Problems{File: name, Source: src}
	var tree map[string]any
	if err := toml.Unmarshal(src, &tree); err != nil {
		faults.List = []Problem{syntaxProblem(err, src)}
		return nil, faults
	}
	d := &decoder{src: src, spots: locate(src)}
	c := &Config{file: name, src: src, spots: d.spots}
	d.table("", tree, reflect.ValueOf(c).Elem())
	c.fill()
	checks := &checker{decoder: d, c: c}
	checks.all()
	faults.List = d.list
	if len(faults.List) > 0 {
		faults.order()
		return c, faults
	}
	return c, nil
}

// syntaxProblem carries the place that the TOML library reports.
func syntaxProblem(err error, src []byte) Problem {
	p := Problem{Line: 1, Col: 1, What: "not valid TOML: " + err.Error()}
	var detail *toml.DecodeError
	if errors.As(err, &detail) {
		p.Line, p.Col = detail.Position()
		p.What = "not valid TOML: " + strings.TrimPrefix(detail.Error(), "toml: ")
	}
	p.Line = max(1, p.Line)
	p.Col = max(1, p.Col)
	p.Hint = "text stands in quotes, sections in [brackets], lists of sections in [[double brackets]]"
	return p
}
