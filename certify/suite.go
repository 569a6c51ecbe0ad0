package certify

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed session/*.def client/*.def markets/*.def
var scripts embed.FS

// Names of the suites that come with the program.
const (
	SuiteSession   = "session"
	SuiteMalformed = "malformed"
	SuiteMarkets   = "markets" // of a gateway with certification markets
)

// suiteClient is what the reference client says to be certified. It needs the words
// of an Active, so that only RunClient plays it.
const suiteClient = "client"

// SuiteNames lists them.
var SuiteNames = []string{SuiteSession, SuiteMalformed, SuiteMarkets}

// casesMax bounds a directory of scenarios.
const casesMax = 1000

// A Suite is cases that are played one after the other.
type Suite struct {
	Name  string
	Seed  int64 // of what is generated
	Cases []*Case
}

// ErrNoSuite means that a name is neither a suite nor a file nor a directory.
var ErrNoSuite = errors.New("no such suite, file or directory")

// LoadSuite returns a suite that comes with the program, or the scenarios of a
// file or of a directory (*.def).
func LoadSuite(name string, seed int64, to Target) (Suite, error) {
	s := Suite{Name: name, Seed: seed}
	var err error
	switch name {
	case SuiteSession, SuiteMarkets:
		s.Cases, err = loadFiles(scripts, name)
	case SuiteMalformed:
		s.Cases, err = malformed(seed, to)
	default:
		s.Cases, err = loadPath(name)
	}
	s.Cases = slices.DeleteFunc(s.Cases, func(c *Case) bool { return len(c.Since) > 0 && !slices.Contains(c.Since, to.BeginString) })
	return s, err
}

// Only returns the suite with the cases whose name contains part.
func (s Suite) Only(part string) Suite {
	s.Cases = slices.DeleteFunc(slices.Clone(s.Cases), func(c *Case) bool { return !strings.Contains(c.Name, part) })
	return s
}

func loadPath(path string) ([]*Case, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, ErrNoSuite)
	}
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return loadFiles(os.DirFS(path), ".")
	}
	c, err := loadFile(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	if err != nil {
		return nil, err
	}
	return []*Case{c}, nil
}

func loadFiles(from fs.FS, dir string) ([]*Case, error) {
	names, err := fs.Glob(from, filepath.ToSlash(filepath.Join(dir, "*.def")))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 || len(names) > casesMax {
		return nil, fmt.Errorf("%d scenarios (*.def); there must be 1 to %d", len(names), casesMax)
	}
	var all []*Case
	var faults []error
	for _, name := range names {
		c, err := loadFile(from, name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		all = append(all, c)
	}
	return all, errors.Join(faults...)
}

func loadFile(from fs.FS, name string) (*Case, error) {
	src, err := fs.ReadFile(from, name)
	if err != nil {
		return nil, err
	}
	base := filepath.Base(name)
	return ParseScript(name, strings.TrimSuffix(base, filepath.Ext(base)), src)
}
