// Reads a dashboard as Grafana's own model of it in Go does (grafana-foundation-sdk), and writes it again: what the model
// does not know, or does not allow, is an error.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

func main() {
	if err := check(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check() error {
	known := cog.NewRuntime()
	known.RegisterPanelcfgVariant(stat.VariantConfig())
	known.RegisterPanelcfgVariant(table.VariantConfig())
	known.RegisterPanelcfgVariant(timeseries.VariantConfig())
	known.RegisterDataqueryVariant(prometheus.VariantConfig())
	content, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var checked, read dashboard.Dashboard
	if err := problem(checked.UnmarshalJSONStrict(content)); err != nil {
		return err
	}
	// The strict way drops panels where it finds nothing wrong, by that same empty list.
	if err := json.Unmarshal(content, &read); err != nil {
		return err
	}
	if err := problem(read.Validate()); err != nil {
		return err
	}
	written, err := json.Marshal(read)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(written)
	return err
}

// The model answers a list of errors also where that is empty.
func problem(err error) error {
	var list cog.BuildErrors
	if errors.As(err, &list) && len(list) == 0 {
		return nil
	}
	return err
}
