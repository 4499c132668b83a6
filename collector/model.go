package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/collector/reports"
)

type modelCommand struct {
	Paths string `help:"CSV with a line per path: path,conversions,value,nulls (the last two may be left out). - reads standard input." required:"" placeholder:"FILE"`
	Model string `help:"first, last, last_non_direct, linear, position, time_decay, markov or shapley." required:"" placeholder:"MODEL"`

	Weights  string  `help:"position: the parts of the first touch, of all between, and of the last. Default 40/20/40." placeholder:"A/B/C"`
	HalfLife float64 `help:"time_decay: a touch weighs half after so many more touches. Default 1." placeholder:"TOUCHES"`
	Order    int     `help:"markov: on how many touches the next one depends. Default 1." placeholder:"N"`
	Samples  int     `help:"shapley: estimate by so many random orders, with the error stated. Default: exact." placeholder:"N"`
	Seed     uint64  `help:"shapley: seed of the samples." placeholder:"N"`

	DirectName      string `help:"What a direct visit is called. Default: direct or (direct), in any case." placeholder:"NAME"`
	DropDirect      bool   `help:"Take direct visits out of a path, unless it has nothing else."`
	DropLastDirect  bool   `help:"Take direct visits off the end of a path, unless it has nothing else."`
	CollapseRepeats bool   `help:"Count a run of the same name as one touch (exposure)."`
	FirstOnly       bool   `help:"Keep only the first touch of each name."`

	Format string `help:"table, csv or json. Default table." default:"table" enum:"table,csv,json"`
}

// Help is shown by headwater model -h.
func (modelCommand) Help() string {
	return `A path is written with > between its touches, as in "search > social > email"; conversions says how often it led to one, value what
these were worth together, and nulls how often it led to none, which only markov looks at. The credits sum exactly to what the file has.
collector/models/README.md defines every model.

  headwater model --paths paths.csv --model markov --format csv
  headwater model --paths paths.csv --model position --weights 30/40/30 --drop-direct
  clickhouse-client -q "SELECT …  FORMAT CSVWithNames" | headwater model --paths - --model shapley`
}

// Run is headwater model.
func (m modelCommand) Run(i *invocation) error {
	options := models.Options{HalfLife: m.HalfLife, Order: m.Order, Samples: m.Samples, Seed: m.Seed, Direct: m.DirectName}
	if m.Weights != "" {
		weights, err := models.ParseWeights(m.Weights)
		if err != nil {
			return usageError{err}
		}
		options.Weights = weights
	}
	// In the background: reading standard input can't be stopped, and whoever presses Ctrl-C does not wait.
	done := make(chan error, 1)
	go func() { done <- m.credit(i, options) }()
	select {
	case err := <-done:
		if wrong := new(models.ParamError); errors.As(err, &wrong) {
			return usageError{err}
		}
		return err
	case <-i.ctx.Done():
		return errors.New("interrupted")
	}
}

func (m modelCommand) credit(i *invocation, options models.Options) error {
	paths, err := m.read(i.ctx)
	if err != nil {
		return err
	}
	paths = paths.Transform(models.Transforms{
		DropDirect: m.DropDirect, DropLastDirect: m.DropLastDirect, CollapseRepeats: m.CollapseRepeats, FirstOnly: m.FirstOnly, Direct: m.DirectName,
	})
	credits, err := paths.Credit(i.ctx, models.Model(m.Model), options)
	if err != nil {
		return err
	}
	result := m.result(credits)
	if m.Format == "csv" {
		if credits.Note != "" {
			fmt.Fprintln(i.stderr, credits.Note) // CSV has no place for it
		}
		return result.WriteUnixCSV(i.stdout)
	}
	conversions, value := paths.Totals()
	result.Totals = make([]any, len(result.Columns))
	result.Totals[1], result.Totals[2] = conversions, value
	return result.Write(i.stdout, m.Format)
}

func (m modelCommand) read(ctx context.Context) (*models.Paths, error) {
	if m.Paths == "-" {
		return m.named(models.Read(ctx, os.Stdin))
	}
	file, err := os.Open(m.Paths)
	if err != nil {
		return nil, fmt.Errorf("read paths: %w", err)
	}
	defer func() { _ = file.Close() }()
	return m.named(models.Read(ctx, file))
}

// named puts the file's name before an error.
func (m modelCommand) named(paths *models.Paths, err error) (*models.Paths, error) {
	if err == nil {
		return paths, nil
	}
	if m.Paths == "-" {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return nil, fmt.Errorf("%s: %w", m.Paths, err)
}

func (m modelCommand) result(credits *models.Credits) *reports.Result {
	result := &reports.Result{Name: "model", Columns: []string{"channel", "conversions", "value"}, Rows: [][]any{}}
	withEffect := models.Model(m.Model) == models.Markov
	if withEffect {
		result.Columns = append(result.Columns, "removal_effect")
	}
	for _, credit := range credits.Credits {
		row := []any{credit.Name, credit.Conversions, credit.Value}
		if withEffect {
			row = append(row, decimal.NewFromFloat(credit.RemovalEffect).Round(models.Digits))
		}
		result.Rows = append(result.Rows, row)
	}
	result.Notes = append(result.Notes, reports.Note{Name: "model", Value: m.Model})
	if credits.Note != "" {
		result.Notes = append(result.Notes, reports.Note{Name: "error", Value: credits.Note})
	}
	return result
}
