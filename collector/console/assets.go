package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"

	"github.com/labstack/echo/v4"
)

//go:embed assets
var assetFiles embed.FS

// assets are the embedded files by name, with one version for all: the hash of their content, part of their paths.
type assets struct {
	version string
	files   map[string][]byte
}

func loadAssets() (assets, error) {
	loaded := assets{files: map[string][]byte{}}
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		return loaded, fmt.Errorf("read console assets: %w", err)
	}
	hash := sha256.New()
	for _, entry := range entries { // in the order of their names
		content, err := assetFiles.ReadFile(path.Join("assets", entry.Name()))
		if err != nil {
			return loaded, fmt.Errorf("read console assets: %w", err)
		}
		loaded.files[entry.Name()] = content
		fmt.Fprintf(hash, "%s %d\n", entry.Name(), len(content))
		hash.Write(content)
	}
	loaded.version = hex.EncodeToString(hash.Sum(nil)[:8])
	return loaded, nil
}

// path returns the address of an asset.
func (a assets) path(name string) (string, error) {
	if a.files[name] == nil {
		return "", fmt.Errorf("no console asset %s", name)
	}
	return "/console/assets/" + a.version + "/" + name, nil
}

// getAsset serves a file for good under its version. A page of an older collector asks for an older version: it gets the
// present file, but not for good.
func (c *Console) getAsset(ctx echo.Context) error {
	content := c.assets.files[ctx.Param("name")]
	if content == nil {
		return echo.ErrNotFound
	}
	if ctx.Param("version") == c.assets.version {
		ctx.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=31536000, immutable")
	}
	return ctx.Blob(http.StatusOK, mime.TypeByExtension(path.Ext(ctx.Param("name"))), content)
}
