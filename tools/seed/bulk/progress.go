package bulk

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress shows how far the work is: a bar on a terminal, else a line for each tenth.
type progress struct {
	out         io.Writer
	terminal    bool
	total, done uint64
	tenths      uint64
	begun       time.Time
}

func newProgress(out io.Writer, total uint64) *progress {
	p := &progress{out: out, total: total, begun: time.Now()}
	if file, ok := out.(*os.File); ok {
		info, err := file.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

func (p *progress) add(touches uint64) {
	p.done += touches
	if p.out == nil || !p.terminal && p.done*10/p.total == p.tenths {
		return
	}
	p.tenths = p.done * 10 / p.total
	spent := time.Since(p.begun)
	left := time.Duration(float64(spent) / float64(p.done) * float64(p.total-p.done))
	const width = 40
	full := int(p.done * width / p.total)
	line := fmt.Sprintf("[%s%s] %3d %%  %d touches, %.0f a second, %s left", strings.Repeat("#", full), strings.Repeat(".", width-full),
		p.done*100/p.total, p.done, float64(p.done)/spent.Seconds(), left.Round(time.Second))
	if p.terminal {
		fmt.Fprintf(p.out, "\r%-110s", line)
		return
	}
	fmt.Fprintln(p.out, line)
}

func (p *progress) end() {
	if p.out != nil && p.terminal {
		fmt.Fprintln(p.out)
	}
}
