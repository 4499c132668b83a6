package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"
)

// State is where a segment is on its way.
type State string

// States are all of them, in the order of List.
var States = []State{StateOpen, StateWaiting, StatePutBack, StateQuarantined, StateHeld}

// The states of a segment.
const (
	StateOpen        State = "open"        // written to
	StateWaiting     State = "waiting"     // for the forwarder
	StatePutBack     State = "put back"    // by an operator, and waiting for the forwarder again
	StateQuarantined State = "quarantined" // damaged, kept as it was found; its sound records were forwarded
	StateHeld        State = "held"        // forwarded, in the replay window
)

// SegmentFile is a segment as a file of the folder.
type SegmentFile struct {
	Segment uuid.UUID `json:"segment"`
	State   State     `json:"state"`
	Pass    int       `json:"pass,omitempty"` // see Segment
	Path    string    `json:"path"`
	Bytes   int64     `json:"bytes"`
	// At is when the file was written last; of a held segment, when it was forwarded.
	At time.Time `json:"at"`
}

// List returns the segments of the spool folder dir, by state and then from the oldest to the youngest. It only reads, and may be
// called while another process uses the folder.
func List(dir string) ([]SegmentFile, error) {
	var list []SegmentFile
	for _, folder := range []string{"", quarantineFolder, forwardedFolder} {
		infos, err := (disk{}).ReadDir(filepath.Join(dir, folder))
		if errors.Is(err, os.ErrNotExist) && folder != "" {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list the spool: %w", err)
		}
		for _, info := range infos {
			if name, ok := parseName(info.Name()); ok {
				list = append(list, SegmentFile{
					Segment: name.id, State: stateOf(folder, name), Pass: name.pass, At: info.ModTime(),
					Path: filepath.Join(dir, folder, info.Name()), Bytes: info.Size(),
				})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b SegmentFile) int {
		if a.State != b.State {
			return slices.Index(States, a.State) - slices.Index(States, b.State)
		}
		return a.At.Compare(b.At)
	})
	return list, nil
}

func stateOf(folder string, name segmentName) State {
	switch {
	case folder == quarantineFolder:
		return StateQuarantined
	case folder == forwardedFolder:
		return StateHeld
	case name.suffix == openSuffix:
		return StateOpen
	case name.pass > 0:
		return StatePutBack
	}
	return StateWaiting
}

// Read returns the records of the segment as they are on the disk now. os.ErrNotExist says that it has been forwarded,
// or moved, since it was listed.
func (f *SegmentFile) Read() (Contents, error) {
	data, err := os.ReadFile(f.Path)
	if err != nil {
		return Contents{}, fmt.Errorf("read segment: %w", err)
	}
	contents, err := contentsOf(data, f.Segment)
	if f.State == StateOpen {
		contents.Damage = Damage{} // its end is being written
	}
	return contents, err
}

// CountRecords returns how many records a sealed segment has by its end mark, without reading it; false where it has none.
func (f *SegmentFile) CountRecords() (uint64, bool) {
	file, err := os.Open(f.Path)
	if err != nil {
		return 0, false
	}
	defer file.Close()
	mark := make([]byte, frameSize)
	if _, err := file.ReadAt(mark, f.Bytes-frameSize); err != nil {
		return 0, false
	}
	frame, size := soundFrame(mark, seedOf(f.Segment), 0, 0)
	if size == 0 {
		return 0, false
	}
	return frame.Sequence - 1, true
}
