// Judges objects by health rules as Argo CD and Flux do: Lua by gopher-lua, CEL by cel-go.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/cel-go/cel"
	lua "github.com/yuin/gopher-lua"
)

type rules struct {
	Lua     string            `json:"lua"`
	Cel     map[string]string `json:"cel"`
	Objects []map[string]any  `json:"objects"`
}

type answer struct {
	Lua any    `json:"lua"`
	Cel string `json:"cel"`
}

func main() {
	var given []rules
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		fail(err)
	}
	answers := [][]answer{}
	for _, one := range given {
		programs, err := compiled(one.Cel)
		if err != nil {
			fail(err)
		}
		row := []answer{}
		for _, object := range one.Objects {
			withIntegers(object)
			row = append(row, answer{Lua: byLua(one.Lua, object), Cel: byCel(programs, object)})
		}
		answers = append(answers, row)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// As util/lua of Argo CD: obj is a global, and the script returns a table. Only libraries that it opens are there: neither
// string nor math; its own part of os is left out.
func byLua(script string, object map[string]any) any {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.LoadLibName, lua.OpenPackage},
		{lua.BaseLibName, lua.OpenBase},
		{lua.TabLibName, lua.OpenTable},
	} {
		call := lua.P{Fn: state.NewFunction(library.open), NRet: 0, Protect: true}
		if err := state.CallByParam(call, lua.LString(library.name)); err != nil {
			return map[string]any{"error": err.Error()}
		}
	}
	state.SetGlobal("obj", value(state, object))
	if err := state.DoString(script); err != nil {
		return map[string]any{"error": err.Error()}
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return map[string]any{"error": "the script returns no table"}
	}
	found := map[string]any{}
	for _, name := range []string{"status", "message"} {
		text, ok := table.RawGetString(name).(lua.LString)
		if !ok {
			return map[string]any{"error": name + " is no text"}
		}
		found[name] = string(text)
	}
	return found
}

// A null is nil, so that a list ends before it for ipairs, as there.
func value(state *lua.LState, from any) lua.LValue {
	switch from := from.(type) {
	case bool:
		return lua.LBool(from)
	case float64:
		return lua.LNumber(from)
	case int64:
		return lua.LNumber(from)
	case string:
		return lua.LString(from)
	case []any:
		table := state.CreateTable(len(from), 0)
		for _, one := range from {
			table.Append(value(state, one))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(from))
		for name, one := range from {
			table.RawSetString(name, value(state, one))
		}
		return table
	}
	return lua.LNil
}

// As Flux has it: expressions are parsed, not checked, and members of the object are variables.
func compiled(expressions map[string]string) (map[string]cel.Program, error) {
	env, err := cel.NewEnv(
		cel.HomogeneousAggregateLiterals(),
		cel.EagerlyValidateDeclarations(true),
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
	)
	if err != nil {
		return nil, err
	}
	programs := map[string]cel.Program{}
	for name, text := range expressions {
		tree, issues := env.Parse(text)
		if issues.Err() != nil {
			return nil, fmt.Errorf("%s: %w", name, issues.Err())
		}
		program, err := env.Program(tree, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		programs[name] = program
	}
	return programs, nil
}

// By RFC 0009 of Flux: a generation that is not observed, then inProgress, failed and current. What cannot be told is
// unknown, for which Flux waits.
func byCel(programs map[string]cel.Program, object map[string]any) string {
	status, ok := object["status"].(map[string]any)
	if !ok && object["status"] != nil {
		return "unknown"
	}
	metadata, _ := object["metadata"].(map[string]any)
	if observed, there := status["observedGeneration"]; there {
		number, ok := observed.(int64)
		if !ok {
			return "unknown"
		}
		if generation, ok := metadata["generation"].(int64); ok && generation != number {
			return "progressing"
		}
	}
	for _, one := range []struct{ name, state string }{
		{"inProgress", "progressing"}, {"failed", "failed"}, {"current", "current"},
	} {
		program, there := programs[one.name]
		if !there {
			continue
		}
		found, _, err := program.Eval(object)
		if err != nil {
			return "unknown"
		}
		holds, ok := found.Value().(bool)
		if !ok {
			return "unknown"
		}
		if holds {
			return one.state
		}
	}
	return "progressing"
}

// Numbers as Kubernetes has them: whole ones are integers.
func withIntegers(from any) any {
	switch from := from.(type) {
	case float64:
		if whole := int64(from); float64(whole) == from {
			return whole
		}
	case []any:
		for at, one := range from {
			from[at] = withIntegers(one)
		}
	case map[string]any:
		for name, one := range from {
			from[name] = withIntegers(one)
		}
	}
	return from
}
