package secret

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// PrivateKeyIn returns the path of a private key in PEM form in a JSON value, or "".
func PrivateKeyIn(path string, value any) string {
	switch value := value.(type) {
	case string:
		if strings.Contains(value, "PRIVATE KEY-----") {
			return path
		}
	case []any:
		for i, item := range value {
			if found := PrivateKeyIn(fmt.Sprintf("%s[%d]", path, i), item); found != "" {
				return found
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if found := PrivateKeyIn(strings.TrimPrefix(path+"."+name, "."), value[name]); found != "" {
				return found
			}
		}
	}
	return ""
}
