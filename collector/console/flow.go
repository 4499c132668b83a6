package console

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/headwater/headwater/collector/reports"
)

// flowView is a drawing of paths: columns of visits, each path a stream through them that ends at the leads.
type flowView struct {
	Width, Height float64
	Nodes         []flowNode
	Streams       []flowStream
}

type flowNode struct {
	X, Y, Width, Height float64
	Label, N            string
	Short               string // as much of the label as there is room for
	Class               int
	LabelX              float64
	End                 bool // its label stands on its left
}

type flowStream struct {
	Path  string
	Width float64
	Class int
	Title string
}

const (
	flowSteps  = 4 // visits that are told apart; earlier ones are one
	flowLabels = 6 // sources that are told apart
	flowWidth  = 1000.0
	flowHeight = 300.0
	flowBar    = 14.0
	flowGap    = 10.0
)

// The labels that are no source's. No source is empty, and none begins with a zero byte.
const (
	flowOthers  = "\x00others"
	flowEarlier = "\x00earlier"
	flowEnd     = "\x00end"
)

// stop is a label in a column.
type stop struct {
	column int
	label  string
}

// flow draws the report paths. Nothing is left out: streams add up to all leads.
func (s *speaker) flow(result *reports.Result) *flowView {
	type route struct {
		labels []string
		leads  int64
	}
	var routes []route
	weight := map[string]int64{}
	for i := range result.Rows {
		leads, _ := result.Value(i, "leads").(int64)
		touches, _ := result.Value(i, "touches").(int64)
		r := route{stopsOf(text(result.Value(i, "path")), int(touches)), leads}
		for _, label := range r.labels {
			weight[label] += leads
		}
		routes = append(routes, r)
	}
	order := flowOrder(weight)
	sizes, streams := map[stop]int64{}, map[[2]stop]int64{}
	for _, r := range routes {
		at := stop{}
		first := flowSteps - len(r.labels) // so that all last visits stand beside the leads
		for i, label := range r.labels {
			if label != flowEarlier && !slices.Contains(order, label) {
				label = flowOthers
			}
			next := stop{first + i, label}
			sizes[next] += r.leads
			if i > 0 {
				streams[[2]stop{at, next}] += r.leads
			}
			at = next
		}
		end := stop{flowSteps, flowEnd}
		sizes[end] += r.leads
		streams[[2]stop{at, end}] += r.leads
	}
	return s.layOut(sizes, streams, append(order, flowOthers, flowEarlier, flowEnd))
}

// stopsOf are the visits of a path, the earlier ones as one. A source whose name looks like several is one too.
func stopsOf(path string, touches int) []string {
	if touches == 0 {
		return []string{unattributed}
	}
	labels := strings.Split(path, " > ")
	if len(labels) != touches {
		labels = []string{path}
	}
	if len(labels) > flowSteps {
		labels = append([]string{flowEarlier}, labels[len(labels)-flowSteps+1:]...)
	}
	return labels
}

// flowOrder are the labels that are told apart, the greatest first and what has no touch last.
func flowOrder(weight map[string]int64) []string {
	var order []string
	for label := range weight {
		if label != unattributed && label != flowEarlier {
			order = append(order, label)
		}
	}
	slices.SortFunc(order, func(a, b string) int { return cmp.Or(cmp.Compare(weight[b], weight[a]), cmp.Compare(a, b)) })
	return append(order[:min(len(order), flowLabels)], unattributed)
}

// layOut places columns of stops, each as high as it has leads, and streams between them in the order of the stops.
func (s *speaker) layOut(sizes map[stop]int64, streams map[[2]stop]int64, order []string) *flowView {
	total := sizes[stop{flowSteps, flowEnd}]
	if total == 0 {
		return nil
	}
	view := &flowView{Width: flowWidth, Height: flowHeight + flowGap*float64(len(order))}
	scale := flowHeight / float64(total)
	out, in := map[stop]float64{}, map[stop]float64{} // where the next stream leaves and arrives
	rank := func(at stop) int { return at.column*len(order) + slices.Index(order, at.label) }
	stops := make([]stop, 0, len(sizes))
	for at := range sizes {
		stops = append(stops, at)
	}
	slices.SortFunc(stops, func(a, b stop) int { return rank(a) - rank(b) })
	y := map[int]float64{}
	for _, at := range stops {
		n := flowNode{X: float64(at.column) * (flowWidth - flowBar) / flowSteps, Y: y[at.column], Width: flowBar, Height: float64(sizes[at]) * scale,
			N: s.number(sizes[at]), Label: s.flowLabel(at.label), Class: flowClass(at.label, order), End: at.label == flowEnd}
		n.Short = shortened(n.Label)
		n.LabelX = n.X + flowBar + 6
		if n.End {
			n.LabelX = n.X - 6
		}
		view.Nodes = append(view.Nodes, n)
		out[at], in[at] = n.Y, n.Y
		y[at.column] += max(n.Height, 12) + flowGap
	}
	for _, bottom := range y {
		view.Height = max(view.Height, bottom)
	}
	between := make([][2]stop, 0, len(streams))
	for pair := range streams {
		between = append(between, pair)
	}
	slices.SortFunc(between, func(a, b [2]stop) int { return cmp.Or(rank(a[0])-rank(b[0]), rank(a[1])-rank(b[1])) })
	for _, pair := range between {
		from, to, width := pair[0], pair[1], float64(streams[pair])*scale
		x1, x2 := float64(from.column)*(flowWidth-flowBar)/flowSteps+flowBar, float64(to.column)*(flowWidth-flowBar)/flowSteps
		y1, y2, middle := out[from]+width/2, in[to]+width/2, (x1+x2)/2
		out[from] += width
		in[to] += width
		view.Streams = append(view.Streams, flowStream{
			Path: fmt.Sprintf("M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f", x1, y1, middle, y1, middle, y2, x2, y2), Width: width, Class: flowClass(from.label, order),
			Title: s.flowLabel(from.label) + " → " + s.flowLabel(to.label) + ": " + s.number(streams[pair]),
		})
	}
	return view
}

func (s *speaker) flowLabel(label string) string {
	switch label {
	case flowOthers:
		return s.say("dashboard.others")
	case flowEarlier:
		return s.say("dashboard.earlier")
	case flowEnd:
		return s.title("leads")
	}
	return label
}

// shortened is a label in the room between two columns; the table has all of it.
func shortened(label string) string {
	const most = 22
	if letters := []rune(label); len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return label
}

// flowClass is the colour of a label.
func flowClass(label string, order []string) int {
	switch label {
	case unattributed, flowEarlier, flowOthers:
		return lastSeries
	case flowEnd:
		return 1
	}
	return slices.Index(order, label) + 1
}
