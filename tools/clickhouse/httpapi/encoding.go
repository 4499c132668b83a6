//go:build linux || darwin

package httpapi

import (
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// decode undoes the body's Content-Encoding, then ClickHouse's own compressed blocks (decompress=1).
func decode(body io.Reader, encoding string, blocks bool) (io.Reader, error) {
	if body == nil {
		body = strings.NewReader("")
	}
	var err error
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
	case "gzip", "x-gzip":
		body, err = gzip.NewReader(body)
	case "deflate":
		body, err = zlib.NewReader(body)
	case "br":
		body = brotli.NewReader(body)
	case "zstd":
		var decoder *zstd.Decoder
		if decoder, err = zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20)); err == nil {
			body = decoder.IOReadCloser()
		}
	case "lz4":
		body = lz4.NewReader(body)
	case "bz2":
		body = bzip2.NewReader(body)
	default:
		return nil, exception(48, "NOT_IMPLEMENTED", "Unknown compression method %s. Only 'gzip', 'deflate', 'br', 'zstd', 'lz4' and 'bz2' are supported by the embedded ClickHouse", encoding)
	}
	if errors.Is(err, io.EOF) { // nothing sent, hence nothing compressed
		return strings.NewReader(""), nil
	}
	if err != nil {
		return nil, exception(36, "BAD_ARGUMENTS", "Cannot decompress the request's body (%s): %s", encoding, err)
	}
	if blocks {
		body = &blockReader{blocks: compress.NewReader(body)}
	}
	return body, nil
}

// A blockReader reads ClickHouse's compressed blocks and tells a clean end from a cut one: the decoder wraps io.EOF.
// The end is kept: after it the decoder would hand out its last block once more.
type blockReader struct {
	blocks *compress.Reader
	end    error
}

func (b *blockReader) Read(p []byte) (int, error) {
	if b.end != nil {
		return 0, b.end
	}
	n, err := b.blocks.Read(p)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = exception(33, "CANNOT_READ_ALL_DATA", "Cannot read all data: a compressed block is cut")
	case errors.Is(err, io.EOF):
		err = io.EOF
	case err != nil:
		err = exception(271, "CANNOT_DECOMPRESS", "Cannot decompress: %s", err)
	}
	b.end = err
	return n, err
}

// chooseEncoder picks the answer's encoding in the order of preference that ClickHouse has.
func chooseEncoder(accepted string, to io.Writer) (string, io.WriteCloser) {
	offers := map[string]bool{}
	for _, offer := range strings.Split(accepted, ",") {
		name, parameters, _ := strings.Cut(offer, ";")
		if quality, found := strings.CutPrefix(strings.ReplaceAll(parameters, " ", ""), "q="); found {
			if q, err := strconv.ParseFloat(quality, 64); err == nil && q == 0 {
				continue
			}
		}
		offers[strings.ToLower(strings.TrimSpace(name))] = true
	}
	switch {
	case offers["br"]:
		return "br", brotli.NewWriterLevel(to, brotli.BestSpeed)
	case offers["lz4"]:
		return "lz4", lz4.NewWriter(to)
	case offers["gzip"]:
		if writer, err := gzip.NewWriterLevel(to, gzip.BestSpeed); err == nil {
			return "gzip", writer
		}
	case offers["zstd"]:
		if writer, err := zstd.NewWriter(to, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest)); err == nil {
			return "zstd", writer
		}
	case offers["deflate"]:
		if writer, err := zlib.NewWriterLevel(to, zlib.BestSpeed); err == nil {
			return "deflate", writer
		}
	}
	return "", nil
}

// A blockWriter writes ClickHouse's own compressed blocks (compress=1).
type blockWriter struct {
	to     io.Writer
	writer *compress.Writer
}

func newBlockWriter(to io.Writer, settings map[string]string) *blockWriter {
	method, level := compress.LZ4, 0
	if strings.EqualFold(settings["network_compression_method"], "ZSTD") {
		method = compress.ZSTD
		if n, err := strconv.Atoi(settings["network_zstd_compression_level"]); err == nil {
			level = n
		}
	}
	return &blockWriter{to: to, writer: compress.NewWriter(compress.Level(level), method)}
}

func (b *blockWriter) Write(piece []byte) (int, error) {
	const blockSize = 1 << 20 // as large as the engine's own
	for start := 0; start < len(piece); start += blockSize {
		if err := b.writer.Compress(piece[start:min(start+blockSize, len(piece))]); err != nil {
			return start, err
		}
		if _, err := b.to.Write(b.writer.Data); err != nil {
			return start, err
		}
	}
	return len(piece), nil
}

func (b *blockWriter) Close() error { return nil }
