package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"backstop/config"
	"backstop/oracle"
)

// demoCommand is the main job without any set-up.
func demoCommand() config.Command {
	var o demoOptions
	var until time.Duration
	return config.Command{
		Path: "demo", Group: groupRun,
		Short: "Run everything at once, with prices, clients and a page",
		Long: "Needs no set-up: a temporary data directory, embedded SQLite, made-up prices\n" +
			"(or a file of real ones), a FIX acceptor, the page, and a background taker.\n" +
			"Clients DEMO1 to DEMO4 have the password demo and 1,000,000 USDC each.\n" +
			"DEMODC gets a drop copy of all four.",
		Examples: "gateway demo\ngateway demo --feed prices.csv.gz --speed 20 --for 60s",
		Flags: func(f *config.Flags) {
			f.StringVar(&o.dir, "dir", "", "data `DIR` that stays; without it a temporary one")
			f.StringVar(&o.fix, "fix", "127.0.0.1:9878", "FIX `ADDR`; port 0 takes a free one")
			f.StringVar(&o.http, "http", "127.0.0.1:8080", "page `ADDR`; port 0 takes a free one")
			f.StringVar(&o.feed, "feed", "synthetic", "`synthetic` or a FILE.csv[.gz] of prices")
			f.StringVar(&o.speed, "speed", "1", "how many times faster than real the prices run")
			f.IntVar(&o.seed, "seed", 1, "of the synthetic prices and the taker")
			f.DurationVar(&until, "for", 0, "end by itself after this time, such as 30s")
			f.StringVar(&o.portsFile, "ports-file", "", "write where to connect to `FILE` once ready")
			f.BoolVar(&o.quiet, "quiet", false, "no background taker")
			f.BoolVar(&o.cert, "cert", false, "certification markets instead (CERT-FILL …), and no taker; not with --feed, --speed or --seed")
		},
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			if until < 0 {
				return env.Fail(config.ExitUsage, errors.New("--for must not be negative"))
			}
			if o.cert && o.feed != "synthetic" {
				return env.Fail(config.ExitUsage, errors.New("--cert has prices of its own: leave out --feed"))
			}
			if o.cert && (o.speed != "1" || o.seed != 1) {
				return env.Fail(config.ExitUsage, errors.New("--cert has prices that follow a script, at the speed that it says: leave out --speed and --seed"))
			}
			return demo(ctx, env, o, until)
		},
	}
}

func demo(ctx context.Context, env *config.Env, o demoOptions, until time.Duration) int {
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "backstop-demo-*")
		if err != nil {
			return env.Fail(config.ExitFailure, err)
		}
		o.dir = dir
		defer os.RemoveAll(dir)
	}
	played, code := playedMarket(env, o.feed)
	if code != config.ExitOK {
		return code
	}
	cfg, err := demoConfig(o, played)
	if err != nil {
		return env.Fail(config.ExitUsage, err)
	}
	if until > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, until)
		defer cancel()
	}
	var taken <-chan struct{}
	code = serve(ctx, env, cfg, logger(config.Log{Level: "warn", Format: "auto"}, nil), o.portsFile, func(a *app) error {
		welcome(env, a, o, cfg)
		if !o.quiet && !o.cert {
			taken = takeLightly(ctx, a.door.Addr().String(), o.seed)
		}
		return nil
	})
	if taken != nil {
		<-taken
	}
	return code
}

// playedMarket is the market that a feed file prices; none for synthetic prices.
func playedMarket(env *config.Env, feed string) (demoMarket, int) {
	if feed == "synthetic" {
		return demoMarket{}, config.ExitOK
	}
	info, err := oracle.Check(feed)
	if err != nil {
		return demoMarket{}, env.Fail(config.ExitConfig, err, "gateway demo without --feed uses made-up prices")
	}
	for _, m := range demoMarkets {
		if m.symbol == info.Symbol {
			return m, config.ExitOK
		}
	}
	return demoMarket{
		symbol: info.Symbol, tick: info.Tick.String(), lot: info.Lot.String(),
		max: (info.Lot * demoLots).String(), start: info.FirstPrice.String(),
	}, config.ExitOK
}

// demoLots is the largest order of a market that only the demo lists, in lots.
const demoLots = 100_000

// welcome says where to connect and what to try first.
func welcome(env *config.Env, a *app, o demoOptions, cfg *config.Config) {
	var b strings.Builder
	prices, size := "made-up prices (seed "+fmt.Sprint(o.seed)+")", "0.5"
	if o.cert {
		prices, size = "for certification, scripted prices", certLot
	} else if o.feed != "synthetic" {
		prices = "prices of " + filepath.Base(o.feed) + ", the rest made up"
	}
	fix := a.door.Addr().String()
	fmt.Fprintf(&b, "Backstop demo: %d markets, %s\n", len(cfg.Markets), prices)
	fmt.Fprintf(&b, "  FIX 4.4   %s   CompID BACKSTOP, clients DEMO1 to DEMO4, drop copy DEMODC, password demo\n", fix)
	if a.page != nil {
		fmt.Fprintf(&b, "  page      http://%s/\n", a.page.Addr())
	}
	fmt.Fprintf(&b, "  data      %s\n", cfg.Server.DataDir)
	if o.cert {
		fmt.Fprintf(&b, "  guided    %s: News(B) say how the certification stands\n", strings.Join(demoClients[certAlone:], " and "))
	}
	b.WriteString("\n")
	at := ""
	if o.fix != "127.0.0.1:9878" {
		at = " --fix " + fix
	}
	fmt.Fprintf(&b, "Try, in another terminal:\n")
	fmt.Fprintf(&b, "  gateway client quote%s --symbol %s\n", at, cfg.Markets[0].Symbol)
	fmt.Fprintf(&b, "  gateway client order%s --symbol %s --buy %s --market\n", at, cfg.Markets[0].Symbol, size)
	fmt.Fprintf(&b, "Ctrl-C ends it.\n")
	env.Print(b.String())
}
