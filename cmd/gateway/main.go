// Command gateway is the designated market maker: the service, and every tool
// around it, in one binary. main knows signals and exit codes and nothing else.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"backstop/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := config.Main(ctx, commandTable(), config.OSEnv(), os.Args[1:])
	stop()
	os.Exit(code)
}
