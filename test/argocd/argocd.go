// Package argocd runs the scripts of config/argocd as Argo CD does: in a Lua interpreter without files, commands or network.
// Start with its test.
package argocd

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/auth0-operator/auth0-operator/test/render"
)

// Health is what Argo CD shows of an object.
type Health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// Dir is the folder of a kind.
func Dir(kind string) string {
	return filepath.Join(render.Root(), "config", "argocd", "auth0-operator.io", kind)
}

// HealthOf runs health.lua of an object's kind.
func HealthOf(kind string, object map[string]any) (Health, error) {
	script, err := os.ReadFile(filepath.Join(Dir(kind), "health.lua"))
	if err != nil {
		return Health{}, err
	}
	return health(script, object)
}

func health(script []byte, object map[string]any) (Health, error) {
	var found Health
	err := run(script, object, time.Now(), &found)
	return found, err
}

// discover runs discovery.lua.
func discover(script []byte, object map[string]any) (map[string]struct{ Disabled bool }, error) {
	var found map[string]struct{ Disabled bool }
	err := run(script, object, time.Now(), &found)
	return found, err
}

// act runs action.lua, at some time.
func act(script []byte, object map[string]any, now time.Time) (map[string]any, error) {
	var changed map[string]any
	err := run(script, object, now, &changed)
	return changed, err
}

// run runs a script with the object in obj, and takes what it returns.
func run(script []byte, object map[string]any, now time.Time, into any) error {
	machine := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer machine.Close()
	for name, open := range map[string]lua.LGFunction{lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		machine.Push(machine.NewFunction(open))
		machine.Push(lua.LString(name))
		machine.Call(1, 0)
	}
	machine.PreloadModule(lua.OsLibName, func(l *lua.LState) int {
		l.Push(l.SetFuncs(l.NewTable(), map[string]lua.LGFunction{"date": func(l *lua.LState) int {
			// The one form that the scripts use.
			if form := l.CheckString(1); form != "!%Y-%m-%dT%XZ" {
				l.ArgError(1, "not a form that this test knows")
			}
			l.Push(lua.LString(now.UTC().Format(time.RFC3339)))
			return 1
		}}))
		return 1
	})
	machine.SetGlobal("obj", toLua(machine, object))
	if err := machine.DoString(string(script)); err != nil {
		return err
	}
	content, err := json.Marshal(fromLua(machine.Get(-1)))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("the script returns %s: %w", content, err)
	}
	return nil
}

func toLua(machine *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case string:
		return lua.LString(value)
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		table := machine.NewTable()
		for _, item := range value {
			table.Append(toLua(machine, item))
		}
		return table
	case map[string]any:
		table := machine.NewTable()
		for key, item := range value {
			table.RawSetString(key, toLua(machine, item))
		}
		return table
	}
	return lua.LNil
}

// fromLua reads a value. An empty table may have been a list or an object: Lua does not know.
func fromLua(value lua.LValue) any {
	switch value := value.(type) {
	case lua.LString:
		return string(value)
	case lua.LBool:
		return bool(value)
	case lua.LNumber:
		return float64(value)
	case *lua.LTable:
		if value.Len() > 0 {
			list := make([]any, 0, value.Len())
			for i := 1; i <= value.Len(); i++ {
				list = append(list, fromLua(value.RawGetInt(i)))
			}
			return list
		}
		object := map[string]any{}
		value.ForEach(func(key, item lua.LValue) { object[key.String()] = fromLua(item) })
		return object
	}
	return nil
}
