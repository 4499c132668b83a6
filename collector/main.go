// Command headwater is the collector: it takes touches and submissions from websites, keeps them durably, forwards
// them to ClickHouse, and answers reports.
//
// Belongs here: commands, configuration, wiring, start and shutdown. Does not belong here: anything that a request or
// a record goes through; that is in the packages below, in the order of the flow: intake and api, spool, forward
// (with visitors and store), reports.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // reports take a zone, also in an image without the zone files

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(exitCode(err, os.Stderr))
}

// errTold ends a command that has said already what is wrong.
var errTold = errors.New("there are problems")

// usageError is a command line that makes no sense.
type usageError struct{ error }

// exitCode says what is wrong, unless it was said, and returns 0, 1, or 2 for a command line that makes no sense.
func exitCode(err error, stderr io.Writer) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errTold):
		return 1
	}
	fmt.Fprintln(stderr, "headwater:", err)
	if errors.As(err, new(usageError)) {
		return 2
	}
	return 1
}

// commandLine is everything that can be said to the program; its help texts are the manual.
type commandLine struct {
	Config   string   `help:"The configuration file. Without it headwater.toml, .headwater/headwater.toml and /etc/headwater/headwater.toml are tried in this order." placeholder:"FILE" env:"HEADWATER_CONFIG"`
	Settings settings `embed:"" group:"Settings, each also a key of the file and an environment variable (flag beats environment beats file):"`

	Serve       serveCommand       `cmd:"" help:"Take touches and submissions, keep them, forward them to ClickHouse, answer the API."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the tables in ClickHouse up to date, and exit."`
	Spool       spoolCommand       `cmd:"" help:"What waits on disk: list it, replay what was forwarded, see to dead letters."`
	Classify    classifyCommand    `cmd:"" help:"Name touches given as JSON lines, without any server, and say why."`
	Reclassify  reclassifyCommand  `cmd:"" help:"Name stored touches anew, by the rules of now, and say what moved."`
	Report      reportCommand      `cmd:"" help:"Print a report."`
	Table       tableCommand       `cmd:"" help:"Print all rows of a table."`
	Import      importCommand      `cmd:"" help:"Store what campaigns cost, or what currencies were worth, from a file."`
	Model       modelCommand       `cmd:"" help:"Share the conversions of a file of paths by an attribution model. Needs no server."`
	Export      exportCommand      `cmd:"" help:"Print everything that is held of a person."`
	Erase       eraseCommand       `cmd:"" help:"Forget a person, everywhere."`
	Suspects    suspectsCommand    `cmd:"" help:"Show what is under suspicion and so left out of reports, and change your mind about it."`
	Settle      settleCommand      `cmd:"" help:"Bring the tables up to date from which reports are quick."`
	Account     accountCommand     `cmd:"" help:"Who may use the console: list and add people, make links to their accounts, remove them."`
	Doctor      doctorCommand      `cmd:"" help:"Look at a page of the website from outside: is the script there, what blocks it, what strips parameters."`
	CheckConfig checkConfigCommand `cmd:"" name:"check-config" help:"Print everything that is wrong with the configuration, and what is in effect."`
	Key         keyCommand         `cmd:"" help:"Make an API key with its hash, and a secret."`
}

// invocation is what a command runs with.
type invocation struct {
	ctx            context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
	command        *commandLine
	given          map[string]string // where settings were given: key to "flag --listen" or "environment HEADWATER_LISTEN"
}

// exited is how the parser ends the program after it has shown the help.
type exited struct{}

// run is the whole program. It returns when the command is done or, for serve, after ctx ended and all is shut down.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			if _, ok := reason.(exited); !ok {
				panic(reason)
			}
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	var command commandLine
	parser, err := kong.New(&command,
		kong.Name("headwater"),
		kong.Description("Headwater tells a company where its leads come from. This is its collector."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { panic(exited{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
	)
	if err != nil {
		return fmt.Errorf("prepare the command line: %w", err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return usageError{fmt.Errorf("%w (see headwater -h)", err)}
	}
	return parsed.Run(&invocation{ctx: ctx, stdin: os.Stdin, stdout: stdout, stderr: stderr, command: &command, given: givenSettings(parsed)})
}

// load reads the configuration; problems with it are an error.
func (i *invocation) load() (*loaded, error) {
	l, err := loadConfig(i.command.Config, i.command.Settings, i.given)
	if err != nil {
		return nil, err
	}
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return l, nil
}
