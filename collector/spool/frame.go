package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"strconv"

	"github.com/google/uuid"
)

// The format of a segment; README.md draws it. All numbers are little-endian.
//
// A segment is a header, frames, and an end mark (a frame without payload) once it is sealed. Frames start with a
// magic that is no UTF-8, so that text in a payload cannot imitate one, and their checksum is seeded with the
// segment's UUID, so that no frame of another segment (or one sent by an attacker) passes for one of this.
const (
	version    = 1
	nodeSize   = 64
	headerSize = 8 + 16 + nodeSize + 4 + 4 // magic and version, UUID, node, CRC32C of these, zero
	frameSize  = 4 + 4 + 4 + 8             // magic, length, CRC32C, sequence

	originSize = 16 + 8 // UUID, sequence

	// MaxPayload is the longest payload that Append takes, in bytes.
	MaxPayload = 16 << 20
)

var (
	headerMagic = [7]byte{0xff, 'H', 'W', 's', 'e', 'g', 0xfe}
	frameMagic  = [4]byte{0xff, 'H', 'W', ownMagic}
	castagnoli  = crc32.MakeTable(crc32.Castagnoli)
)

// The last byte of a frame's magic: a record that came in, or one that came back with the identity that it had before.
const (
	ownMagic      = 0xfd
	returnedMagic = 0xfc
)

var errVersion = errors.New("written by a newer version of Headwater: upgrade this one to forward it")

// Frame is one record of a segment. Payload is a part of the memory that Read returned.
type Frame struct {
	// Sequence counts the records of its segment from 1; together with the segment's UUID it is the record's identity,
	// unless the record has come back from the dead letters.
	Sequence uint64
	Payload  []byte
	returned Identity
}

// Identity names one copy of a record, for the duplicate filter: the segment and the sequence that it was first kept under.
type Identity struct {
	Segment  uuid.UUID
	Sequence uint64
}

func (i Identity) String() string {
	return i.Segment.String() + ":" + strconv.FormatUint(i.Sequence, 10)
}

// Identity returns the identity of a frame of segment. A record that came back keeps the one that it had: Redis may
// remember it, and would take a new one for another copy.
func (f *Frame) Identity(segment uuid.UUID) Identity {
	if f.returned != (Identity{}) {
		return f.returned
	}
	return Identity{segment, f.Sequence}
}

func appendHeader(buf []byte, node string, segment uuid.UUID) []byte {
	start := len(buf)
	buf = append(buf, headerMagic[:]...)
	buf = append(buf, version)
	buf = append(buf, segment[:]...)
	var name [nodeSize]byte
	copy(name[:], node)
	buf = append(buf, name[:]...)
	buf = binary.LittleEndian.AppendUint32(buf, crc32.Checksum(buf[start:], castagnoli))
	return append(buf, 0, 0, 0, 0)
}

// checkHeader tells whether data begins with the sound header of segment. Only a newer version is an error: a
// damaged header costs nothing, since the file's name holds the UUID as well.
func checkHeader(data []byte, segment uuid.UUID) (sound bool, err error) {
	if len(data) < headerSize {
		return false, nil
	}
	sum := binary.LittleEndian.Uint32(data[headerSize-8:])
	if !bytes.Equal(data[:7], headerMagic[:]) || sum != crc32.Checksum(data[:headerSize-8], castagnoli) {
		return false, nil
	}
	if data[7] > version {
		return false, fmt.Errorf("segment %s: format %d: %w", segment, data[7], errVersion)
	}
	return bytes.Equal(data[8:24], segment[:]), nil
}

// seedOf is where the checksums of a segment's frames start.
func seedOf(segment uuid.UUID) uint32 { return crc32.Checksum(segment[:], castagnoli) }

// appendFrame appends a frame whose checksum and sequence are still open: number sets them once it is known which
// segment the frame goes to.
func appendFrame(buf, payload []byte) []byte {
	buf = append(buf, frameMagic[:]...)
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(payload)))
	buf = append(buf, make([]byte, 12)...)
	return append(buf, payload...)
}

// appendReturned appends a frame whose record keeps the identity that it had.
func appendReturned(buf []byte, identity Identity, payload []byte) []byte {
	start := len(buf)
	buf = appendFrame(buf, nil)
	buf = append(buf, identity.Segment[:]...)
	buf = binary.LittleEndian.AppendUint64(buf, identity.Sequence)
	buf = append(buf, payload...)
	buf[start+3] = returnedMagic
	binary.LittleEndian.PutUint32(buf[start+4:], uint32(originSize+len(payload)))
	return buf
}

// seedOfFrame tells the two kinds of frames apart in their checksum too: one flipped bit of the magic makes none the other.
func seedOfFrame(seed uint32, magic byte) uint32 {
	if magic == returnedMagic {
		return ^seed
	}
	return seed
}

// number gives the frames in buf the sequences after last, and their checksums. It returns the new last.
func number(buf []byte, seed uint32, last uint64) uint64 {
	for len(buf) > 0 {
		end := frameSize + int(binary.LittleEndian.Uint32(buf[4:]))
		last++
		binary.LittleEndian.PutUint64(buf[12:], last)
		binary.LittleEndian.PutUint32(buf[8:], crc32.Update(seedOfFrame(seed, buf[3]), castagnoli, buf[12:end]))
		buf = buf[end:]
	}
	return last
}

// endMark is what seals a segment whose last record has the sequence last.
func endMark(seed uint32, last uint64) []byte {
	mark := appendFrame(nil, nil)
	number(mark, seed, last)
	return mark
}

// scanned is what scan finds in the bytes of a segment.
type scanned struct {
	frames []Frame
	end    int    // offset behind the last sound frame or the end mark
	last   uint64 // sequence of the last sound frame; of the last record where there is an end mark
	sealed bool   // an end mark was found
	lost   int    // bytes that belong to no sound frame, the tail included
	erased int    // sound frames whose record was erased (see Scrub)
	tail   int    // how many of these come behind the last sound frame
}

// missing is how many records are known to be lost, by the gaps in their sequence.
func (s *scanned) missing() uint64 { return s.last - uint64(len(s.frames)+s.erased) }

// scan finds every sound frame: along the chain of lengths, and behind damage by the next magic whose checksum holds.
func scan(data []byte, seed uint32) scanned {
	var found scanned
	at := min(headerSize, len(data))
	found.end = at
	budget := 64 * (len(data) + 1) // of bytes to checksum while searching: bounds the work on hostile bytes
	for at < len(data) && !allZero(data[at:]) {
		frame, size := soundFrame(data[at:], seed, found.last, math.MaxInt)
		if size == 0 {
			skip, ok := resync(data[at:], seed, found.last, &budget)
			if !ok {
				found.tail = len(bytes.TrimRight(data[at:], "\x00"))
				found.lost += found.tail
				break
			}
			found.lost += skip
			at += skip
			continue
		}
		at += size
		found.end = at
		if len(frame.Payload) == 0 {
			found.sealed, found.last = true, frame.Sequence-1
			break
		}
		found.last = frame.Sequence
		if frame.Payload[0] == 0 && bytes.Equal(frame.Payload, erasedMark) {
			found.erased++
			continue
		}
		found.frames = append(found.frames, frame)
	}
	return found
}

// soundFrame returns the frame at the beginning of data and its size, 0 where none is: wrong magic, a length beyond
// the data or above longest, a wrong checksum, or a sequence that does not rise.
func soundFrame(data []byte, seed uint32, last uint64, longest int) (Frame, int) {
	if len(data) < frameSize || !bytes.Equal(data[:3], frameMagic[:3]) || data[3] != ownMagic && data[3] != returnedMagic {
		return Frame{}, 0
	}
	length := int(binary.LittleEndian.Uint32(data[4:]))
	if length > MaxPayload+originSize || length > longest || length > len(data)-frameSize {
		return Frame{}, 0
	}
	end := frameSize + length
	sequence := binary.LittleEndian.Uint64(data[12:])
	if sequence <= last || binary.LittleEndian.Uint32(data[8:]) != crc32.Update(seedOfFrame(seed, data[3]), castagnoli, data[12:end]) {
		return Frame{}, 0
	}
	frame := Frame{Sequence: sequence, Payload: data[frameSize:end:end]}
	if data[3] == returnedMagic {
		if length <= originSize {
			return Frame{}, 0
		}
		copy(frame.returned.Segment[:], frame.Payload)
		frame.returned.Sequence = binary.LittleEndian.Uint64(frame.Payload[16:])
		frame.Payload = frame.Payload[originSize:]
	}
	return frame, end
}

// resync returns how far behind damage at the beginning of data the next sound frame is.
func resync(data []byte, seed uint32, last uint64, budget *int) (int, bool) {
	for at := 1; at < len(data); at++ {
		next := bytes.Index(data[at:], frameMagic[:3])
		if next < 0 {
			return 0, false
		}
		at += next
		if _, size := soundFrame(data[at:], seed, last, *budget); size > 0 {
			return at, true
		}
		if len(data)-at >= frameSize {
			*budget -= min(int(binary.LittleEndian.Uint32(data[at+4:])), len(data)-at)
		}
		if *budget <= 0 {
			return 0, false
		}
	}
	return 0, false
}

func allZero(data []byte) bool {
	return len(data) > 0 && data[0] == 0 && len(bytes.TrimLeft(data, "\x00")) == 0
}
