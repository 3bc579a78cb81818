package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/smtplog/smtplog/aggregate"
)

// readReport reads an earlier report of `bounces --format json`.
func readReport(path string) (*aggregate.Report, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r, err := decodeReport(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i := range r.Tables {
		if r.Tables[i].Name == "by_group" {
			return r, nil
		}
	}
	return nil, fmt.Errorf("%s: no report of bounces --format json with all its tables", path)
}

// decodeReport turns a report in JSON back into one.
func decodeReport(b []byte) (*aggregate.Report, error) {
	var in struct {
		Schema string
		Totals struct{ Recipients, Queued int64 }
		Tables []struct {
			Name    string
			Columns []aggregate.Column
			Rows    [][]any
		}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&in); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the report")
	}
	if in.Schema != aggregate.ReportSchema {
		return nil, fmt.Errorf("schema %q, want %q", in.Schema, aggregate.ReportSchema)
	}
	r := &aggregate.Report{Totals: aggregate.Totals{Recipients: in.Totals.Recipients, Queued: in.Totals.Queued}}
	for _, t := range in.Tables {
		for _, row := range t.Rows {
			if len(row) != len(t.Columns) {
				return nil, fmt.Errorf("table %s: a row of %d cells, want %d", t.Name, len(row), len(t.Columns))
			}
			for i, c := range t.Columns {
				row[i] = typed(row[i], c.Type)
			}
		}
		r.Tables = append(r.Tables, aggregate.Table{Name: t.Name, Columns: t.Columns, Rows: t.Rows})
	}
	return r, nil
}

// typed turns a decoded cell into one of its column's type; nil where it is none.
func typed(cell any, columnType string) any {
	var s string
	switch v := cell.(type) {
	case string:
		s = v
	case json.Number:
		s = v.String()
	}
	if s == "" {
		return nil
	}
	switch columnType {
	case "integer":
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
		return nil
	case "number":
		if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
		return nil
	case "time":
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return t
		}
		return nil
	}
	return s
}

// previousList reads an earlier suppression list: JSON with what was held back, or NDJSON or
// CSV with what was suppressed.
func previousList(path string) ([]aggregate.Suppression, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list := []aggregate.Suppression{}
	tables, err := previousTables(b)
	if err != nil {
		return nil, fmt.Errorf("%s: no earlier list of bounces --suppress as json, ndjson or csv: %w", path, err)
	}
	for i := range tables {
		list = append(list, aggregate.Suppressions(&tables[i])...)
	}
	return list, nil
}

func previousTables(b []byte) ([]aggregate.Table, error) {
	if bytes.HasPrefix(b, []byte(`{"schema":`)) {
		r, err := decodeReport(b)
		if err != nil {
			return nil, err
		}
		for i := range r.Tables {
			if r.Tables[i].Name == "suppress" {
				return r.Tables, nil
			}
		}
		return nil, fmt.Errorf("it has no table suppress")
	}
	t := aggregate.Table{Name: "suppress", Columns: aggregate.SuppressColumns()}
	if len(bytes.TrimSpace(b)) == 0 {
		return []aggregate.Table{t}, nil // an empty NDJSON list
	}
	if b[0] == '{' {
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		for {
			var object map[string]any
			if err := d.Decode(&object); err == io.EOF {
				return []aggregate.Table{t}, nil
			} else if err != nil {
				return nil, err
			}
			t.Rows = append(t.Rows, rowOf(t.Columns, func(name string) any { return object[name] }))
		}
	}
	records, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		return nil, err
	}
	if records[0][0] != "address" {
		return nil, fmt.Errorf("the first column is %q, want address", records[0][0])
	}
	for _, record := range records[1:] {
		t.Rows = append(t.Rows, rowOf(t.Columns, func(name string) any {
			for i, column := range records[0] {
				if column == name {
					if s, formula := strings.CutPrefix(record[i], "'"); formula && s != "" && strings.IndexByte("=+-@|%", s[0]) >= 0 {
						return s // the apostrophe is the writer's
					}
					return record[i]
				}
			}
			return nil
		}))
	}
	return []aggregate.Table{t}, nil
}

func rowOf(columns []aggregate.Column, cell func(name string) any) []any {
	row := make([]any, len(columns))
	for i, c := range columns {
		row[i] = typed(cell(c.Name), c.Type)
	}
	return row
}
