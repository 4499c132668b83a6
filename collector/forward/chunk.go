package forward

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"iter"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
)

// limits bound a chunk. One chunk becomes one block, and one part, in ClickHouse.
type limits struct {
	rows  int
	bytes int // of payload
}

// Half of what the design allows: larger blocks are no faster here, and several are in memory at a time.
var defaultLimits = limits{rows: 10_000, bytes: 4 << 20}

// row is a record on its way to a table. It stays encoded, which takes a fraction of the memory and is nothing for the
// garbage collector to look through; whoever needs the record decodes it, a few at a time.
type row struct {
	identity spool.Identity // of this copy of the record, wherever it is sent again from
	sequence uint64         // in its segment
	site     schema.SiteID
	id       string
	typed    bool // a submission with fields
	payload  []byte
	erased   bool // of a person who was erased: counted as a row of its chunk, and not stored
}

// record decodes the row.
func (r *row) record() (schema.Record, error) { return schema.Decode(r.payload) }

// chunk is what is inserted at once: rows of one table and one partition.
type chunk struct {
	segment uuid.UUID
	pass    int // of the segment, see spool.Segment
	number  int
	table   string
	month   int // year*100 + month, UTC
	kind    schema.Kind
	rows    []row
	bytes   int
	block   []byte // where payloads are copied to
	through string // fingerprint of which record is in which chunk, up to this one
}

// piece is what cut makes of a segment: a chunk, or a record that can't be read.
type piece struct {
	chunk      *chunk
	unreadable *spool.Letter
}

// cut makes the chunks of a segment, one when it is asked for it, so that only a few records are decoded at a time. It is
// a pure function of the segment: the chunks that a checkpoint counts are the same after a restart; where they are not,
// since the file was damaged or this code changed, the fingerprint tells.
func cut(segment uuid.UUID, frames []spool.Frame, limits limits) iter.Seq[piece] {
	return cutScreened(segment, frames, limits, nil)
}

// cutScreened is cut, where screen says what must not be stored, or not as it is. That changes no chunk, only rows in it.
func cutScreened(segment uuid.UUID, frames []spool.Frame, limits limits, screen screen) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		c := cutter{segment: segment, limits: limits, screen: screen, sites: map[schema.SiteID]schema.SiteID{}}
		for _, frame := range frames {
			record, err := schema.Decode(frame.Payload)
			if err != nil {
				bad := newLetter(frame.Identity(segment), "", frame.Payload, err)
				if !yield(piece{unreadable: &bad}) {
					return
				}
				continue
			}
			if full := c.add(frame, record); full != nil && !yield(piece{chunk: full}) {
				return
			}
		}
		for _, c := range c.rest() {
			if !yield(piece{chunk: c}) {
				return
			}
		}
	}
}

// cutter has the chunks that are not full.
type cutter struct {
	segment uuid.UUID
	limits  limits
	screen  screen
	filling []*chunk // in the order of their first records
	sites   map[schema.SiteID]schema.SiteID
	ended   int
	sum     uint32
}

// add puts a record into the chunk of its table and month, and returns the chunk that is full by that.
func (c *cutter) add(frame spool.Frame, record schema.Record) (full *chunk) {
	at := record.PartitionTime().UTC()
	table, month := tables[record.Kind()], at.Year()*100+int(at.Month())
	i := slices.IndexFunc(c.filling, func(other *chunk) bool { return other.table == table && other.month == month })
	if i >= 0 && (len(c.filling[i].rows) >= c.limits.rows || c.filling[i].bytes+len(frame.Payload) > c.limits.bytes) {
		full = c.end(c.filling[i])
		c.filling = slices.Delete(c.filling, i, i+1)
		i = -1
	}
	if i < 0 {
		i = len(c.filling)
		c.filling = append(c.filling, &chunk{segment: c.segment, table: table, month: month, kind: record.Kind()})
	}
	into := c.filling[i]
	into.rows = append(into.rows, c.row(frame, record, into))
	into.bytes += len(frame.Payload)
	return full
}

// row keeps nothing of the segment's memory nor of the record's.
func (c *cutter) row(frame spool.Frame, record schema.Record, into *chunk) row {
	site, known := c.sites[record.Site()]
	if !known {
		site = schema.SiteID(strings.Clone(string(record.Site())))
		c.sites[site] = site
	}
	payload, erased := frame.Payload, false
	if c.screen != nil {
		payload, erased = c.screen(record, payload)
	}
	submission, _ := record.(*schema.Submission)
	return row{
		identity: frame.Identity(c.segment), sequence: frame.Sequence, site: site, id: strings.Clone(record.ID()),
		typed: submission != nil && len(submission.Fields) > 0, payload: into.copied(payload), erased: erased,
	}
}

// copied copies a payload into the chunk's own memory, which so lives as long as the chunk and no longer.
func (c *chunk) copied(payload []byte) []byte {
	const block = 256 << 10
	if len(payload) > cap(c.block)-len(c.block) {
		c.block = make([]byte, 0, max(block, len(payload)))
	}
	start := len(c.block)
	c.block = append(c.block, payload...)
	return c.block[start:len(c.block):len(c.block)]
}

// rest ends the chunks that are left at the end of the segment.
func (c *cutter) rest() []*chunk {
	for _, left := range c.filling {
		c.end(left)
	}
	return c.filling
}

func (c *cutter) end(done *chunk) *chunk {
	done.number = c.ended
	c.ended++
	c.sum = sumRows(crc32.Update(c.sum, castagnoli, []byte(done.table)), done.rows)
	done.through = fmt.Sprintf("%08x", c.sum)
	return done
}

// reaches tells whether the chunks that a checkpoint counts are those that the segment is cut into now.
func reaches(segment uuid.UUID, frames []spool.Frame, limits limits, done spool.Checkpoint) bool {
	for p := range cut(segment, frames, limits) {
		if p.chunk != nil && p.chunk.number+1 == done.Chunk {
			return p.chunk.through == done.Plan
		}
	}
	return false
}

var tables = map[schema.Kind]string{
	schema.KindTouch: "touches", schema.KindSubmission: "submissions", schema.KindContact: "contacts",
	schema.KindCompany: "companies", schema.KindDeal: "deals", schema.KindSpend: "spend", schema.KindRate: "rates",
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sumRows(sum uint32, rows []row) uint32 {
	var number [8]byte
	for i := range rows {
		binary.LittleEndian.PutUint64(number[:], rows[i].sequence)
		sum = crc32.Update(sum, castagnoli, number[:])
	}
	return sum
}

// token names exactly these rows of the chunk: ClickHouse drops an insert whose token it knows without looking at the
// rows, so another choice of rows (Redis forgot, a bad row was taken out) must have another token.
func (c *chunk) token(rows []row) string {
	segment := spool.Segment{ID: c.segment, Pass: c.pass}
	return fmt.Sprintf("%s:%d:%d-%08x", segment.Name(), c.number, len(rows), sumRows(0, rows))
}
