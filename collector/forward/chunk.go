package forward

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
)

// limits bound a chunk. One chunk becomes one block, and one part, in ClickHouse.
type limits struct {
	rows  int
	bytes int // of payload
}

var defaultLimits = limits{rows: 20_000, bytes: 8 << 20}

// row is a record on its way to a table.
type row struct {
	segment  uuid.UUID
	sequence uint64
	payload  []byte
	record   schema.Record
}

// identity names this copy of the record, wherever it is sent again from.
func (r *row) identity() string { return fmt.Sprintf("%s:%d", r.segment, r.sequence) }

// chunk is what is inserted at once: rows of one table and one partition.
type chunk struct {
	segment uuid.UUID
	number  int
	table   string
	month   int // year*100 + month, UTC
	kind    schema.Kind
	rows    []row
	bytes   int
}

// plan is how a segment is cut.
type plan struct {
	chunks      []chunk
	unreadable  []letter
	fingerprint string // of which record is in which chunk
}

// cut makes the chunks of a segment. It is a pure function of the segment, so that the chunks that a checkpoint counts are
// the same after a restart; where they are not, since the file was damaged or this code changed, the fingerprint tells.
func cut(segment uuid.UUID, frames []spool.Frame, limits limits) plan {
	type partition struct {
		table string
		month int
	}
	var p plan
	filling := map[partition]int{} // to the index of the chunk that is not full
	for _, frame := range frames {
		record, err := schema.Decode(frame.Payload)
		if err != nil {
			p.unreadable = append(p.unreadable, newLetter(segment, frame.Sequence, "", frame.Payload, err))
			continue
		}
		at := record.PartitionTime().UTC()
		key := partition{tables[record.Kind()], at.Year()*100 + int(at.Month())}
		i, ok := filling[key]
		if !ok || len(p.chunks[i].rows) >= limits.rows || p.chunks[i].bytes+len(frame.Payload) > limits.bytes {
			i = len(p.chunks)
			filling[key] = i
			p.chunks = append(p.chunks, chunk{
				segment: segment, number: i, table: key.table, month: key.month, kind: record.Kind(),
			})
		}
		c := &p.chunks[i]
		c.rows = append(c.rows, row{segment: segment, sequence: frame.Sequence, payload: frame.Payload, record: record})
		c.bytes += len(frame.Payload)
	}
	p.fingerprint = fingerprint(p.chunks)
	return p
}

var tables = map[schema.Kind]string{
	schema.KindTouch: "touches", schema.KindSubmission: "submissions", schema.KindContact: "contacts",
	schema.KindCompany: "companies", schema.KindDeal: "deals",
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func fingerprint(chunks []chunk) string {
	sum := uint32(0)
	for i := range chunks {
		sum = crc32.Update(sum, castagnoli, []byte(chunks[i].table))
		sum = sumRows(sum, chunks[i].rows)
	}
	return fmt.Sprintf("%08x", sum)
}

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
	return fmt.Sprintf("%s:%d:%d-%08x", c.segment, c.number, len(rows), sumRows(0, rows))
}
