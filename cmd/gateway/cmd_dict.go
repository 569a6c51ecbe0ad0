package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"backstop/config"
	"backstop/fix"
	"backstop/spec"
)

// Dialects, as flags name them.
const (
	dialectStrict = "STRICT44"
	dialectVAMM1  = "VAMM1"
)

// dictOptions are the flags of fix dict.
type dictOptions struct {
	dialect, begin, format, out string
	transport                   bool
	inJSON                      bool
}

func fixDict() config.Command {
	var o dictOptions
	return config.Command{
		Path: "fix dict", Group: groupFix, Args: "[TAG|NAME|MSGTYPE]", MaxArgs: 1,
		Short: "Print the data dictionary, or look something up in it",
		Long: `Without an argument: the whole of what the gateway speaks in a dialect. Format
xml is a data dictionary for QuickFIX engines: all of FIX 4.4. Format md is the
tables of the rules of engagement, orchestra a FIX Orchestra 1.0 repository:
these two have what is built, and nothing else. With --begin-string the version
is another one; FIXT.1.1 has a dictionary of its own for the session messages.

With an argument: what the dictionary says about one field or message, of either
dialect. It says "required" only of what a FIX engine must refuse the message
for; what the gateway itself asks for stands in the rules of engagement
(spec/ROE.md).`,
		Examples: `gateway fix dict > FIX44.xml
gateway fix dict --dialect VAMM1 --out FIX44-VAMM1.xml
gateway fix dict --begin-string FIXT.1.1 --transport > FIXT11.xml
gateway fix dict --format orchestra --out backstop.xml
gateway fix dict 150
gateway fix dict ExecutionReport --json`,
		Flags: func(f *config.Flags) {
			f.StringVar(&o.dialect, "dialect", dialectStrict, "`DIALECT`: STRICT44 or VAMM1")
			f.StringVar(&o.begin, "begin-string", "", "`VERSION`: FIX.4.4 (also without it), FIX.4.2 or FIXT.1.1")
			f.BoolVar(&o.transport, "transport", false, "with FIXT.1.1: the dictionary of the session messages")
			f.StringVar(&o.format, "format", "xml", "`FORMAT`: xml, md or orchestra")
			f.StringVar(&o.out, "out", "", "write to this `FILE`, which must not exist yet")
			jsonFlag(f, &o.inJSON)
		},
		Run: func(_ context.Context, env *config.Env, args []string) int {
			if len(args) == 0 {
				return o.whole(env)
			}
			found := lookUpWord(args[0])
			if found == nil {
				return env.Fail(config.ExitNotFound, fmt.Errorf("the dictionary does not know %q", args[0]),
					"a tag (150), a field (ExecType), a message (ExecutionReport) or its type (8)")
			}
			if o.out != "" || o.format != "xml" {
				return env.Fail(config.ExitUsage, errors.New("--out and --format go with the whole dictionary"), "leave out the argument")
			}
			if o.inJSON {
				return env.JSON(found)
			}
			return env.Print(found.String())
		},
	}
}

// whole prints the dictionary of a dialect in a format, or writes it.
func (o *dictOptions) whole(env *config.Env) int {
	if o.inJSON {
		return env.Fail(config.ExitUsage, errors.New("the whole dictionary is XML or Markdown"), "--json goes with a tag, a name or a message type")
	}
	vamm1, err := isVAMM1(o.dialect)
	if err != nil {
		return env.Fail(config.ExitUsage, err)
	}
	version, err := versionOf(o.begin)
	if err == nil && vamm1 && version.Key != "44" {
		err = errors.New("dialect VAMM1 is of FIX.4.4 alone")
	}
	if err == nil && o.transport && (version.Transport == nil || o.format != "xml") {
		err = errors.New("--transport goes with --begin-string FIXT.1.1 and XML")
	}
	if err == nil && o.format == "orchestra" && version.Key != "44" {
		err = errors.New("the Orchestra file is of FIX.4.4 alone")
	}
	if err != nil {
		return env.Fail(config.ExitUsage, err)
	}
	var text []byte
	switch o.format {
	case "xml":
		switch text = version.App; {
		case vamm1:
			text = spec.DictionaryVAMM1()
		case o.transport:
			text = version.Transport
		}
	case "md":
		text = []byte(spec.Markdown(version.Key, vamm1))
	case "orchestra":
		if text, err = spec.Orchestra(vamm1); err != nil {
			return env.Fail(config.ExitFailure, err)
		}
	default:
		return env.Fail(config.ExitUsage, fmt.Errorf("there is no format %q; there are xml, md and orchestra", o.format))
	}
	if o.out == "" {
		return env.Print(string(text))
	}
	return createFile(env, o.out, text)
}

// versionOf finds the version of a flag; without it FIX 4.4.
func versionOf(begin string) (spec.Version, error) {
	if begin == "" {
		return spec.Spoken()[0], nil
	}
	v, known := spec.VersionOf(begin)
	if !known {
		return spec.Version{}, errVersion
	}
	return v, nil
}

var errVersion = errors.New("--begin-string is FIX.4.4, FIX.4.2 or FIXT.1.1")

func isVAMM1(dialect string) (bool, error) {
	switch dialect {
	case dialectStrict, dialectVAMM1:
		return dialect == dialectVAMM1, nil
	}
	return false, fmt.Errorf("there is no dialect %q; there are STRICT44 and VAMM1", dialect)
}

// createFile writes a file that must not exist and holds nothing secret.
func createFile(env *config.Env, path string, text []byte) int {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return env.Fail(config.ExitRefused, fmt.Errorf("%s exists and is left as it is", path), "remove it first, or choose another name")
	}
	if err == nil {
		_, err = f.Write(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return env.Fail(config.ExitFailure, fmt.Errorf("writing: %w", err))
	}
	env.Say("wrote %s", path)
	return config.ExitOK
}

func fixLintDict() config.Command {
	var dialect string
	var asJSON bool
	return config.Command{
		Path: "fix lint-dict", Group: groupFix, Args: "FILE", MinArgs: 1, MaxArgs: 1,
		Short: "Try our messages on a client's data dictionary",
		Long: `Replays a log with every message that the gateway can send, in each form (as it
is sent, resent with 43=Y, repeated with 97=Y), through FILE: the QuickFIX data
dictionary that a client validates with. All validation is on. Lists what the
client would refuse. Exit 7: it would refuse something.`,
		Examples: `gateway fix lint-dict FIX44.xml
gateway fix lint-dict --dialect VAMM1 client.xml --json`,
		Flags: func(f *config.Flags) {
			f.StringVar(&dialect, "dialect", dialectStrict, "`DIALECT` that the client logs on with: STRICT44 or VAMM1")
			jsonFlag(f, &asJSON)
		},
		Run: func(_ context.Context, env *config.Env, args []string) int {
			if _, err := isVAMM1(dialect); err != nil {
				return env.Fail(config.ExitUsage, err)
			}
			src, err := readDictionaryFile(args[0])
			if err != nil {
				return env.Fail(config.ExitNotFound, err, "FILE is an XML file such as `gateway fix dict` prints")
			}
			found, err := fix.Lint(src, dialect)
			if err != nil {
				return env.Fail(config.ExitFailure, fmt.Errorf("%s: %w", args[0], err), "`gateway fix dict` prints a dictionary that fits")
			}
			return showLint(env, asJSON, args[0], found)
		},
	}
}

// readDictionaryFile reads no more than a dictionary may have.
func readDictionaryFile(path string) (_ []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the dictionary: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	src, err := io.ReadAll(io.LimitReader(f, fix.DictionaryMax+1))
	if err != nil {
		return nil, fmt.Errorf("reading the dictionary: %w", err)
	}
	return src, nil
}

func showLint(env *config.Env, asJSON bool, path string, r fix.LintResult) int {
	code := config.ExitOK
	if r.Refused > 0 {
		code = config.ExitCheck
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s refuses %d of %d messages of %s\n", path, r.Refused, r.Messages, r.Dialect)
	if r.Refused > 0 {
		fmt.Fprintf(&b, "%-4s %6s %6s %8s  %s\n", "type", "tag", "reason", "messages", "why, and one of them")
	}
	for _, f := range r.Refusals {
		tag, name := "-", ""
		if f.Tag != 0 {
			tag = strconv.Itoa(f.Tag)
			name, _ = spec.FieldName(f.Tag)
		}
		fmt.Fprintf(&b, "%-4s %6s %6d %8d  %s (%s)\n", f.MsgType, tag, f.Reason, f.Count, strings.TrimSpace(name+": "+f.Text), f.Messages[0])
	}
	printed := 0
	if asJSON {
		printed = env.JSON(r)
	} else {
		printed = env.Print(b.String())
	}
	if printed != config.ExitOK {
		return printed
	}
	return code
}

// entry is what the dictionary says about one word. A digit may be both a tag
// and a message type.
type entry struct {
	Tag     int            `json:"tag,omitempty"`
	Field   string         `json:"field,omitempty"`
	Message string         `json:"message,omitempty"`
	Type    string         `json:"type,omitempty"`
	Fields  []messageField `json:"fields,omitempty"`
}

type messageField struct {
	Tag      int    `json:"tag"`
	Name     string `json:"name"`
	Required bool   `json:"required"`
}

func lookUpWord(word string) *entry {
	var e entry
	if tag, err := strconv.Atoi(word); err == nil {
		if name, ok := spec.FieldName(tag); ok {
			e.Tag, e.Field = tag, name
		}
	} else if tag, ok := spec.Tag(word); ok {
		e.Tag, e.Field = tag, word
	}
	types := spec.Types()
	slices.Sort(types)
	for _, t := range types {
		d, _ := spec.Message(t)
		if t != word && d.Name != word {
			continue
		}
		e.Message, e.Type = d.Name, t
		for name, required := range d.Required {
			tag, _ := spec.Tag(name)
			e.Fields = append(e.Fields, messageField{tag, name, required})
		}
		slices.SortFunc(e.Fields, func(a, b messageField) int { return a.Tag - b.Tag })
	}
	if e.Field == "" && e.Message == "" {
		return nil
	}
	return &e
}

// String prints the entry for people.
func (e *entry) String() string {
	var b strings.Builder
	if e.Field != "" {
		fmt.Fprintf(&b, "field %d is %s\n", e.Tag, e.Field)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, "message %s is %s\n", e.Type, e.Message)
	}
	for _, f := range e.Fields {
		required := ""
		if f.Required {
			required = "  required"
		}
		fmt.Fprintf(&b, "%5d  %s%s\n", f.Tag, f.Name, required)
	}
	return b.String()
}
