//go:build ignore

// Command image makes a disk after a power cut from a trace of the shim: what was
// synced is there, and of what was not synced nothing, some, or some of it torn
// into sectors. A change of the directory that was not synced may be missing, but
// then so are those after it, as in a file system with a journal.
//
//	image TRACE FROM TO MODE SEED CUT
//
// FROM is a directory with the files as they were when the trace began, TO gets
// the image. MODE is drop, subset or torn. CUT is the number of changes that were
// done, or -1 for any. The last acknowledgement before the cut is printed.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// sector is what a disk writes whole.
const sector = 512

var names = map[byte]string{'d': "gateway.db", 'w': "gateway.db-wal", 'j': "gateway.db-journal"}

// order is that of the files, so that a seed always gives the same image.
var order = []byte("dwj")

type record struct {
	op, file  byte
	offset, n int64
	bytes     []byte
}

// inode is a file: what is safe, and what was done to it since.
type inode struct {
	safe    []byte
	pending []record
}

func (f *inode) apply(r record) {
	size := r.offset
	if r.op == 'W' {
		size += int64(len(r.bytes))
		if int64(len(f.safe)) < size {
			f.safe = append(f.safe, make([]byte, size-int64(len(f.safe)))...)
		}
		copy(f.safe[r.offset:], r.bytes)
		return
	}
	if int64(len(f.safe)) > size {
		f.safe = f.safe[:size]
	} else {
		f.safe = append(f.safe, make([]byte, size-int64(len(f.safe)))...)
	}
}

func (f *inode) sync() {
	for _, r := range f.pending {
		f.apply(r)
	}
	f.pending = nil
}

// change is one of the directory: the file that a name stands for from then on.
type change struct {
	name byte
	to   *inode
}

// disk is a directory as the process sees it, and as it is safe.
type disk struct {
	seen, safe map[byte]*inode
	pending    []change
}

func (d *disk) do(r record) {
	switch r.op {
	case 'C':
		d.rename(r.file, &inode{})
		return
	case 'U':
		d.rename(r.file, nil)
		return
	}
	if r.file == 'D' {
		for _, c := range d.pending {
			d.safe[c.name] = c.to
		}
		d.pending = nil
		return
	}
	f := d.seen[r.file]
	if f == nil { // Made by the gateway itself, which the shim does not see.
		f = &inode{}
		d.seen[r.file], d.safe[r.file] = f, f
	}
	if r.op == 'S' {
		f.sync()
		return
	}
	f.pending = append(f.pending, r)
}

func (d *disk) rename(name byte, to *inode) {
	d.seen[name] = to
	d.pending = append(d.pending, change{name, to})
}

// cut takes the power away.
func (d *disk) cut(mode string, random *rand.Rand) {
	if mode != "drop" {
		for _, c := range d.pending[:random.IntN(len(d.pending)+1)] {
			d.safe[c.name] = c.to
		}
	}
	for _, name := range order {
		f := d.safe[name]
		if f == nil || mode == "drop" {
			continue
		}
		for _, r := range f.pending {
			if random.IntN(2) == 0 {
				continue
			}
			if mode == "torn" && r.op == 'W' && random.IntN(2) == 0 {
				tear(f, r, random)
				continue
			}
			f.apply(r)
		}
	}
}

// tear writes some of the sectors of a write.
func tear(f *inode, r record, random *rand.Rand) {
	for from := r.offset; from < r.offset+int64(len(r.bytes)); {
		to := min((from/sector+1)*sector, r.offset+int64(len(r.bytes)))
		if random.IntN(2) == 0 {
			f.apply(record{op: 'W', offset: from, bytes: r.bytes[from-r.offset : to-r.offset]})
		}
		from = to
	}
}

// parse cuts a trace into records. The last may be short: the process died while it
// told of a write that was done, and that nothing has synced. What is told counts.
func parse(data []byte) (all []record, err error) {
	const head = 18
	for len(data) >= head {
		r := record{op: data[0], file: data[1], offset: int64(binary.LittleEndian.Uint64(data[2:])), n: int64(binary.LittleEndian.Uint64(data[10:]))}
		data = data[head:]
		switch r.op {
		case 'W', 'A':
			n := min(int64(len(data)), r.n)
			r.bytes, data = data[:n], data[n:]
			if n < r.n && r.op == 'A' {
				return all, nil
			}
		case 'C', 'U', 'S', 'T':
		default:
			return nil, fmt.Errorf("record %d is of no kind", len(all))
		}
		all = append(all, r)
	}
	return all, nil
}

func run(trace, from, to, mode string, seed uint64, cut int) error {
	data, err := os.ReadFile(trace)
	if err != nil {
		return err
	}
	records, err := parse(data)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(seed, 1))
	if cut < 0 {
		cut = random.IntN(len(records) + 1)
	}
	d := &disk{seen: map[byte]*inode{}, safe: map[byte]*inode{}}
	for name, file := range names {
		old, err := os.ReadFile(filepath.Join(from, file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		f := &inode{safe: old}
		d.seen[name], d.safe[name] = f, f
	}
	acknowledged := "0"
	for _, r := range records[:min(cut, len(records))] {
		if r.op == 'A' {
			acknowledged = string(r.bytes)
			continue
		}
		d.do(r)
	}
	d.cut(mode, random)
	for name, f := range d.safe {
		if f != nil {
			err = errors.Join(err, os.WriteFile(filepath.Join(to, names[name]), f.safe, 0o600))
		}
	}
	fmt.Println(acknowledged)
	return err
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 7 {
		log.Fatal("image TRACE FROM TO MODE SEED CUT")
	}
	seed, err := strconv.ParseUint(os.Args[5], 10, 64)
	cut, cerr := strconv.Atoi(os.Args[6])
	if err = errors.Join(err, cerr); err == nil {
		err = run(os.Args[1], os.Args[2], os.Args[3], os.Args[4], seed, cut)
	}
	if err != nil {
		log.Fatal(err)
	}
}
