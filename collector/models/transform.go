package models

import "slices"

// Transforms change paths before a model sees them. They are done in the order of the fields.
type Transforms struct {
	// DropDirect takes direct visits out, unless the path has nothing else.
	DropDirect bool
	// DropLastDirect takes direct visits off the end, unless the path has nothing else.
	DropLastDirect bool
	// CollapseRepeats leaves one of each run of the same name.
	CollapseRepeats bool
	// FirstOnly leaves only the first touch of each name.
	FirstOnly bool
	// Direct is what a direct visit is called, as in Options.
	Direct string
}

// Transform returns the paths as the transforms make them. No path becomes empty.
func (p *Paths) Transform(t Transforms) *Paths {
	direct := p.isDirect(t.Direct)
	changed := &Paths{names: p.names, ids: p.ids, rows: slices.Clone(p.rows)}
	for i := range changed.rows {
		changed.rows[i].touches = t.apply(p.rows[i].touches, direct)
	}
	return changed
}

func (t Transforms) apply(touches []int, direct []bool) []int {
	isDirect := func(id int) bool { return direct[id] }
	onlyDirect := !slices.ContainsFunc(touches, func(id int) bool { return !direct[id] })
	touches = slices.Clone(touches)
	if t.DropDirect && !onlyDirect {
		touches = slices.DeleteFunc(touches, isDirect)
	}
	if t.DropLastDirect && !onlyDirect {
		for isDirect(touches[len(touches)-1]) {
			touches = touches[:len(touches)-1]
		}
	}
	if t.CollapseRepeats {
		touches = slices.Compact(touches)
	}
	if t.FirstOnly {
		seen := map[int]bool{}
		touches = slices.DeleteFunc(touches, func(id int) bool {
			again := seen[id]
			seen[id] = true
			return again
		})
	}
	return touches
}
