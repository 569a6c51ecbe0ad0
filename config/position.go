package config

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// spot is where a key and its value stand in the source.
type spot struct{ key, value place }

// index knows the spot of every key of a file by its path, such as
// "market[1].quote.levels".
type index map[string]spot

// locate builds the index of a source that is known to be well-formed TOML.
func locate(src []byte) index {
	l := locator{spots: index{}, count: map[string]int{}}
	l.parser.Reset(src)
	for l.parser.NextExpression() {
		node := l.parser.Expression()
		switch node.Kind {
		case unstable.Table, unstable.ArrayTable:
			l.header(node)
		case unstable.KeyValue:
			l.pair(l.prefix, node)
		}
	}
	return l.spots
}

type locator struct {
	parser unstable.Parser
	spots  index
	prefix string         // path of the table that is open
	count  map[string]int // elements seen of each array of tables
}

// header opens the table that [a.b] or [[a.b]] names.
func (l *locator) header(node *unstable.Node) {
	keys := node.Key()
	path := ""
	var at place
	for keys.Next() {
		path = l.resolve(join(path, string(keys.Node().Data)), keys.IsLast() && node.Kind == unstable.ArrayTable)
		at = span(keys.Node())
		if _, known := l.spots[path]; !known {
			l.spots[path] = spot{at, at}
		}
	}
	l.prefix = path
}

// resolve makes the path of an array of tables point at its newest element, or
// at a new one.
func (l *locator) resolve(path string, another bool) string {
	if another {
		l.count[path]++
	}
	if n := l.count[path]; n > 0 {
		return fmt.Sprintf("%s[%d]", path, n-1)
	}
	return path
}

// pair notes a key and goes on into the value.
func (l *locator) pair(prefix string, node *unstable.Node) {
	path := prefix
	var at place
	for keys := node.Key(); keys.Next(); {
		path = join(path, string(keys.Node().Data))
		at = span(keys.Node())
		if _, known := l.spots[path]; !known {
			l.spots[path] = spot{at, at}
		}
	}
	l.value(path, at, node.Value())
}

func (l *locator) value(path string, key place, node *unstable.Node) {
	at := span(node)
	if at.length == 0 {
		at = key
	}
	l.spots[path] = spot{key, at}
	children := node.Children()
	for i := 0; children.Next(); i++ {
		switch node.Kind {
		case unstable.InlineTable:
			l.pair(path, children.Node())
		case unstable.Array:
			l.value(fmt.Sprintf("%s[%d]", path, i), at, children.Node())
		}
	}
}

// span is the stretch of the source that a node stands in; empty if the parser
// does not tell.
func span(node *unstable.Node) place { return place{int(node.Raw.Offset), int(node.Raw.Length)} }

func join(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

// parent cuts the last key off a path.
func parent(path string) string {
	i := strings.LastIndexByte(path, '.')
	return path[:max(i, 0)]
}

// find returns the spot of a path, or of the nearest table around it.
func (x index) find(path string) spot {
	for ; path != ""; path = parent(path) {
		if s, ok := x[path]; ok {
			return s
		}
	}
	return spot{place{0, 1}, place{0, 1}}
}
