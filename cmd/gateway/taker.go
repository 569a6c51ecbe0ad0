package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"backstop/fix"
)

// takerPause is how long the demo's taker waits between two orders.
const takerPause = 700 * time.Millisecond

// takeLightly trades a little in every market of the demo over FIX, as any
// client would, so that there is something to see. It ends with ctx; the channel
// is closed when it has logged out. If the session ends it comes back.
func takeLightly(ctx context.Context, addr string, seed int) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		random := rand.New(rand.NewPCG(uint64(seed), 7))
		for n := 0; ctx.Err() == nil; n++ {
			// An error means that the gateway is ending or refuses orders; the
			// pause below keeps the next try from coming at once.
			_ = take(ctx, addr, random, fmt.Sprintf("T%d-%d", time.Now().UnixNano(), n))
			pause(ctx, takerPause)
		}
	}()
	return done
}

// take holds one session and sends orders until it ends.
func take(ctx context.Context, addr string, random *rand.Rand, tag string) error {
	c, err := fix.Dial(ctx, fix.ClientConfig{Addr: addr, CompID: demoTaker, Target: "BACKSTOP", Username: demoTaker, Password: demoPassword})
	if err != nil {
		return err
	}
	defer c.Close()
	next := time.NewTicker(takerPause)
	defer next.Stop()
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case _, ok := <-c.Messages():
			if !ok {
				return fix.ErrEnded
			}
		case <-next.C:
			m := demoMarkets[random.IntN(len(demoMarkets))]
			n++
			if err := c.Send("D", takerOrder(fmt.Sprintf("%s-%d", tag, n), m, random)...); err != nil {
				return err
			}
		}
	}
}

// takerOrder is a market order of one to ten lots on either side.
func takerOrder(id string, m demoMarket, random *rand.Rand) []fix.Field {
	lots := 1 + random.IntN(10)
	return []fix.Field{
		{Tag: 11, Value: id}, {Tag: 55, Value: m.symbol}, {Tag: 54, Value: fmt.Sprint(1 + random.IntN(2))},
		{Tag: 60, Value: time.Now().UTC().Format("20060102-15:04:05.000")},
		{Tag: 38, Value: m.lots(lots)}, {Tag: 40, Value: "1"}, {Tag: 59, Value: "3"},
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// terminal tells whether a file is a terminal.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
