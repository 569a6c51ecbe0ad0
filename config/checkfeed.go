package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// feeds checks that each market has exactly one feed and each feed what its
// kind needs.
func (k *checker) feeds() {
	priced := map[string]string{}
	for i := range k.c.Feeds {
		path := fmt.Sprintf("feed[%d]", i)
		k.feed(path, &k.c.Feeds[i], priced)
	}
	k.certMarkets()
	k.injections()
	for i, m := range k.c.Markets {
		path := fmt.Sprintf("market[%d].symbol", i)
		if _, ok := priced[m.Symbol]; !ok && m.Symbol != "" && len(k.c.Feeds) > 0 && !k.atFault(path) {
			k.fault(path, Problem{
				What: fmt.Sprintf("no [[feed]] prices %s: it would never quote", m.Symbol),
				Hint: fmt.Sprintf("add %q to the symbols of a feed", m.Symbol),
			})
		}
	}
}

func (k *checker) feed(path string, f *Feed, priced map[string]string) {
	known := k.symbols()
	if len(f.Symbols) == 0 && !k.atFault(path+".symbols") {
		k.faultKey(path, Problem{What: "a feed needs symbols", Allowed: some(known)})
	}
	for j, symbol := range f.Symbols {
		at := fmt.Sprintf("%s.symbols[%d]", path, j)
		if len(known) > 0 && !slices.Contains(known, symbol) && !k.atFault(at) {
			k.fault(at, Problem{What: fmt.Sprintf("there is no market %q", symbol), Meant: nearest(symbol, known), Allowed: some(known)})
			continue
		}
		k.unique(priced, at, symbol)
	}
	switch f.Kind {
	case "synthetic":
		k.foreign(path, f.Kind, "script", f.Script != "")
		k.synthetic(path, f)
	case "file":
		k.foreign(path, f.Kind, "script", f.Script != "")
		k.fromFile(path, f)
	case "scripted":
		k.scripted(path, f)
	}
}

// scripts are what the prices of a scripted feed can do, as in oracle.Scripts.
var scripts = []string{"steady", "slow", "wave", "jump", "stale", "halt", "squeeze"}

// certPrefix begins the symbols of certification markets, whose prices and terms
// follow a script.
const certPrefix = "CERT-"

// certMarkets keeps certification markets and others apart: nobody may deal for
// money on a price that is made to fail.
func (k *checker) certMarkets() {
	cert, other := -1, -1
	for i, m := range k.c.Markets {
		if strings.HasPrefix(m.Symbol, certPrefix) {
			cert = i
		} else if m.Symbol != "" && other < 0 {
			other = i
		}
	}
	if path := fmt.Sprintf("market[%d].symbol", cert); cert >= 0 && other >= 0 && !k.atFault(path) {
		k.fault(path, Problem{
			What: fmt.Sprintf("%s is a certification market, and %s is none", k.c.Markets[cert].Symbol, k.c.Markets[other].Symbol),
			Hint: "run the certification markets in a gateway of their own, with its own data_dir",
		})
	}
	if cert < 0 {
		k.unguided()
	}
	for i, f := range k.c.Feeds {
		for j, symbol := range f.Symbols {
			path := fmt.Sprintf("feed[%d].symbols[%d]", i, j)
			if is := strings.HasPrefix(symbol, certPrefix); is == (f.Kind == "scripted") || f.Kind == "" || k.atFault(path) {
				continue
			}
			if f.Kind == "scripted" {
				k.fault(path, Problem{What: fmt.Sprintf("a scripted feed prices certification markets only, and %s is none", symbol), Allowed: certPrefix + "…"})
			} else {
				k.fault(path, Problem{What: fmt.Sprintf("the certification market %s needs a scripted feed", symbol), Allowed: `kind = "scripted"`})
			}
		}
	}
}

// scripted checks a feed of certification markets: a script, and first prices as
// for made-up ones.
func (k *checker) scripted(path string, f *Feed) {
	k.synthetic(path, f)
	switch {
	case k.atFault(path + ".script"):
	case f.Script == "":
		k.faultKey(path, Problem{What: "a scripted feed needs a script", Allowed: strings.Join(scripts, ", ")})
	case !slices.Contains(scripts, f.Script):
		k.fault(path+".script", Problem{
			What: fmt.Sprintf("script %q is not known", f.Script), Meant: nearest(f.Script, scripts), Allowed: strings.Join(scripts, ", "),
		})
	}
}

// synthetic checks the first prices: one for each symbol, none for others.
func (k *checker) synthetic(path string, f *Feed) {
	k.foreign(path, f.Kind, "path", f.Path != "")
	for _, symbol := range slices.Sorted(maps.Keys(f.Start)) {
		at := join(path+".start", symbol)
		if len(f.Symbols) > 0 && !slices.Contains(f.Symbols, symbol) && !k.atFault(at) {
			k.faultKey(at, Problem{What: fmt.Sprintf("start names %q, which is not among the symbols", symbol), Meant: nearest(symbol, f.Symbols), Allowed: some(f.Symbols)})
		}
	}
	for _, symbol := range f.Symbols {
		if _, ok := f.Start[symbol]; !ok && slices.Contains(k.symbols(), symbol) && !k.atFault(path+".start") {
			k.faultKey(path, Problem{
				What: fmt.Sprintf("a %s feed needs the first price of %s", f.Kind, symbol),
				Hint: fmt.Sprintf("add start = { %q = \"100\" }", symbol),
			})
		}
	}
}

func (k *checker) fromFile(path string, f *Feed) {
	k.foreign(path, f.Kind, "start", len(f.Start) > 0)
	if f.Path == "" && !k.atFault(path+".path") {
		k.faultKey(path, Problem{What: "a file feed needs the path of its file", Allowed: `path = "prices.csv.gz"`})
	}
	if len(f.Symbols) > 1 && !k.atFault(path+".symbols") {
		k.fault(path+".symbols", Problem{What: "a file feed prices one market", Hint: "give each market a [[feed]] of its own"})
	}
}

// foreign refuses a key that a feed of this kind does not have.
func (k *checker) foreign(path, kind, key string, given bool) {
	if given {
		k.faultKey(path+"."+key, Problem{What: fmt.Sprintf("a %s feed has no %s", kind, key), Hint: "remove the key"})
	}
}

func (k *checker) symbols() []string {
	known := make([]string, 0, len(k.c.Markets))
	for _, m := range k.c.Markets {
		if m.Symbol != "" {
			known = append(known, m.Symbol)
		}
	}
	return known
}
