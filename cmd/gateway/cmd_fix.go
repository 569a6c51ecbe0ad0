package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"backstop/config"
	"backstop/fix"
)

// lineMax is the longest line of a log that is decoded.
const lineMax = 1 << 20

func fixDecode() config.Command {
	var asJSON bool
	return config.Command{
		Path: "fix decode", Group: groupFix, Args: "[MESSAGE|FILE]...", MaxArgs: config.ArgsAny,
		Short: "Take raw FIX messages apart",
		Long: `Prints tag, name, value and meaning of every field, and whether BodyLength and
CheckSum are right. Fields may be separated by SOH or, as in logs, by "|"; what
stands before "8=FIX" is left out, and so are lines without it. Without
arguments it reads standard input. Exit 7: a frame is at fault.`,
		Examples: `gateway fix decode '8=FIX.4.4|9=5|35=0|10=163|'
gateway fix decode messages.log
tail -n 5 messages.log | gateway fix decode --json`,
		Flags: func(f *config.Flags) { jsonFlag(f, &asJSON) },
		Run: func(ctx context.Context, env *config.Env, args []string) int {
			messages, err := readMessages(ctx, env.Stdin, args)
			if ctx.Err() != nil {
				return config.ExitInterrupted
			}
			if err != nil {
				return env.Fail(config.ExitNotFound, err, `a message begins with "8=FIX"; anything else is taken for the name of a file`)
			}
			if len(messages) == 0 {
				return env.Fail(config.ExitNotFound, errors.New("there is no FIX message"), `a message begins with "8=FIX"`)
			}
			return showMessages(env, asJSON, messages)
		},
	}
}

// readMessages takes messages from the arguments, from the files that they name
// or, without arguments, from standard input.
func readMessages(ctx context.Context, stdin io.Reader, args []string) (messages []fix.Message, err error) {
	if len(args) == 0 {
		return scanInput(ctx, stdin)
	}
	for _, arg := range args {
		if strings.Contains(arg, "8=FIX") {
			messages = append(messages, fix.ParseMessage([]byte(arg)))
			continue
		}
		f, err := os.Open(arg)
		if err != nil {
			return nil, fmt.Errorf("reading messages: %w", err)
		}
		found, err := scanMessages(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		messages = append(messages, found...)
	}
	return messages, nil
}

// scanInput reads standard input, which may be a terminal where nobody types:
// the end of ctx ends it.
func scanInput(ctx context.Context, stdin io.Reader) ([]fix.Message, error) {
	type outcome struct {
		messages []fix.Message
		err      error
	}
	done := make(chan outcome, 1)
	go func() {
		messages, err := scanMessages(stdin)
		done <- outcome{messages, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case o := <-done:
		return o.messages, o.err
	}
}

func scanMessages(r io.Reader) (messages []fix.Message, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, lineMax)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "8=FIX") {
			messages = append(messages, fix.ParseMessage(lines.Bytes()))
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading messages: %w", err)
	}
	return messages, nil
}

func showMessages(env *config.Env, inJSON bool, messages []fix.Message) int {
	code := config.ExitOK
	all := make([]jsonMessage, 0, len(messages))
	var text strings.Builder
	for i, m := range messages {
		if len(m.Problems) > 0 {
			code = config.ExitCheck
		}
		if i > 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "%s (35=%s)\n%s", either(m.Name, "unknown message"), m.Type, m)
		all = append(all, asJSON(m))
	}
	var printed int
	if inJSON {
		printed = env.JSON(all)
	} else {
		printed = env.Print(text.String())
	}
	if printed != config.ExitOK {
		return printed
	}
	return code
}
