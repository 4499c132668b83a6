package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
)

type spoolLsCommand struct {
	State  string `help:"Only segments that are open, waiting, \"put back\", quarantined or held." placeholder:"STATE"`
	Limit  int    `help:"How many segments of each state are read and listed, the oldest first; 0 for all. Default 20." default:"20" placeholder:"N"`
	Format string `help:"table or json. Default table." default:"table" enum:"table,json"`
}

// Help is shown by headwater spool ls -h.
func (spoolLsCommand) Help() string {
	return `STATE is where a segment is on its way:

  open         being written
  waiting      sealed, and not in ClickHouse yet
  put back     by headwater spool replay, to be forwarded again
  quarantined  damaged, kept as it was found; its sound records were forwarded. LOST is what could not be read
  held         in ClickHouse, kept for a replay

AGE is since the file was written last; of held ones, since they were forwarded. FROM and TO are when the first and the last record came in (UTC).
It only reads the folder, and disturbs nothing.`
}

// segmentLine is a segment in the list.
type segmentLine struct {
	spool.SegmentFile
	Records uint64         `json:"records"`
	From    *time.Time     `json:"from,omitempty"`  // when the first record came in
	To      *time.Time     `json:"to,omitempty"`    // and the last
	Sites   map[string]int `json:"sites,omitempty"` // records by site; "?" for those that can't be read
	Lost    *spool.Damage  `json:"lost,omitempty"`
	Problem string         `json:"problem,omitempty"`
}

// stateTotal sums up all segments of a state, those that are not listed too.
type stateTotal struct {
	State    spool.State `json:"state"`
	Segments int         `json:"segments"`
	Records  uint64      `json:"records"`
	Bytes    int64       `json:"bytes"`
	Listed   int         `json:"listed"`
}

type spoolListing struct {
	Folder      string        `json:"folder"`
	Process     int           `json:"process,omitempty"` // that uses the folder
	Segments    []segmentLine `json:"segments"`
	Totals      []stateTotal  `json:"totals"`
	DeadLetters int           `json:"dead_letters"`
}

// Run is headwater spool ls.
func (c spoolLsCommand) Run(i *invocation) error {
	if c.State != "" && !slices.Contains(spool.States, spool.State(c.State)) {
		return usageError{fmt.Errorf("--state %.32q is none of open, waiting, \"put back\", quarantined, held", c.State)}
	}
	l, err := i.spoolFolder()
	if err != nil {
		return err
	}
	listing, err := c.listing(l.SpoolDir)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return writeJSON(i.stdout, listing)
	}
	return listing.print(i.stdout, time.Now())
}

func (c spoolLsCommand) listing(dir string) (*spoolListing, error) {
	files, err := spool.List(dir)
	if err != nil {
		return nil, err
	}
	holder, held, err := spool.FindHolder(dir)
	if err != nil {
		return nil, err
	}
	listing := &spoolListing{Folder: dir, Segments: []segmentLine{}, Totals: []stateTotal{}}
	if held {
		listing.Process = holder.PID
	}
	for _, state := range spool.States {
		if c.State == "" || c.State == string(state) {
			listing.add(state, files, c.Limit)
		}
	}
	err = spool.ReadLetters(dir, func(*spool.Letter) bool { listing.DeadLetters++; return true })
	return listing, err
}

func (l *spoolListing) add(state spool.State, files []spool.SegmentFile, limit int) {
	total := stateTotal{State: state}
	for i := range files {
		if files[i].State != state {
			continue
		}
		line := segmentLine{SegmentFile: files[i]}
		if limit <= 0 || total.Listed < limit {
			if !line.read() || state == spool.StateOpen && line.Records == 0 {
				continue // it has moved on, or is ready for the next record
			}
			total.Listed++
			l.Segments = append(l.Segments, line)
		} else {
			line.Records, _ = line.CountRecords()
		}
		total.Segments++
		total.Records += line.Records
		total.Bytes += line.Bytes
	}
	if total.Segments > 0 {
		l.Totals = append(l.Totals, total)
	}
}

// read looks into the segment. It returns false where the segment is no longer there.
func (l *segmentLine) read() bool {
	contents, err := l.Read()
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	if err != nil {
		l.Problem = err.Error()
		return true
	}
	l.Records, l.Sites = uint64(len(contents.Frames)), map[string]int{}
	if contents.Damage != (spool.Damage{}) {
		l.Lost = &contents.Damage
	}
	if l.State == spool.StateOpen {
		l.Bytes = int64(contents.Bytes)
	}
	for i := range contents.Frames {
		record, err := schema.Decode(contents.Frames[i].Payload)
		if err != nil {
			l.Sites["?"]++
			continue
		}
		l.Sites[string(record.Site())]++
		at := receivedAt(record)
		if l.From == nil || at.Before(*l.From) {
			l.From = &at
		}
		if l.To == nil || at.After(*l.To) {
			l.To = &at
		}
	}
	return true
}

// receivedAt is when the collector took the record.
func receivedAt(record schema.Record) time.Time {
	switch record := record.(type) {
	case *schema.TouchRecord:
		return record.ReceivedAt
	case *schema.Submission:
		return record.ReceivedAt
	}
	return record.PartitionTime() // of what comes from the CRM
}

func (l *spoolListing) print(to io.Writer, now time.Time) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	if len(l.Segments) > 0 {
		fmt.Fprintln(w, "STATE\tSEGMENT\tRECORDS\tSIZE\tAGE\tFROM\tTO\tSITES")
	}
	for _, line := range l.Segments {
		name := line.Segment.String()
		if line.Pass > 0 {
			name += fmt.Sprintf(" (pass %d)", line.Pass+1)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", line.State, name, line.Records, sizeText(line.Bytes),
			ageText(now.Sub(line.At)), timeText(line.From), timeText(line.To), line.remarks())
	}
	for _, total := range l.Totals {
		if total.Listed < total.Segments {
			fmt.Fprintf(w, "%s\tand %d more: --state %q --limit 0 lists them\t\t\t\t\t\t\n", total.State, total.Segments-total.Listed, total.State)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(l.Segments) > 0 {
		fmt.Fprintln(to)
	}
	for _, total := range l.Totals {
		fmt.Fprintf(to, "%-12s %s, %s, %s\n", total.State, counted(total.Segments, "segment"), counted(int(total.Records), "record"), sizeText(total.Bytes))
	}
	if len(l.Totals) == 0 {
		fmt.Fprintln(to, "The spool is empty.")
	}
	if l.DeadLetters > 0 {
		fmt.Fprintf(to, "%-12s %s: headwater spool deadletters ls\n", "dead letters", counted(l.DeadLetters, "record"))
	}
	used := "no process uses it"
	if l.Process > 0 {
		used = fmt.Sprintf("process %d uses it", l.Process)
	}
	_, err := fmt.Fprintf(to, "Folder %s; %s.\n", l.Folder, used)
	return err
}

// remarks are the sites, the largest first, and what is wrong.
func (l *segmentLine) remarks() string {
	sites := slices.SortedFunc(maps.Keys(l.Sites), func(a, b string) int {
		return cmp.Or(cmp.Compare(l.Sites[b], l.Sites[a]), strings.Compare(a, b))
	})
	var parts []string
	for i, site := range sites {
		if i == 4 && len(sites) > 5 {
			parts = append(parts, fmt.Sprintf("and %d more sites", len(sites)-i))
			break
		}
		parts = append(parts, fmt.Sprintf("%s %d", printable(site, 64), l.Sites[site]))
	}
	if l.Lost != nil {
		parts = append(parts, fmt.Sprintf("LOST %d bytes, at least %s", l.Lost.Bytes, counted(int(l.Lost.Records), "record")))
	}
	if l.Problem != "" {
		parts = append(parts, printable(l.Problem, 200))
	}
	return strings.Join(parts, ", ")
}

// printable makes foreign text safe for a terminal and not too long, in characters.
func printable(text string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n == most {
			fmt.Fprintf(&b, "… (%d bytes)", len(text))
			break
		}
		if !unicode.IsPrint(r) {
			r = '\uFFFD'
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func sizeText(bytes int64) string {
	switch {
	case bytes < 1<<10:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
	case bytes < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}

func ageText(age time.Duration) string {
	switch {
	case age < time.Second:
		return max(age, 0).Round(time.Millisecond).String()
	case age < time.Minute:
		return age.Round(time.Second).String()
	case age < 48*time.Hour:
		return strings.TrimSuffix(age.Round(time.Minute).String(), "0s")
	}
	return fmt.Sprintf("%dd", int(age.Hours()/24))
}

func timeText(at *time.Time) string {
	if at == nil {
		return "-"
	}
	return at.UTC().Format("2006-01-02 15:04:05")
}

func writeJSON(to io.Writer, value any) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
