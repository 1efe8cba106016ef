// Renders the cases of the conformance suite with Go's own text/template and sprig: cases in on standard input as JSON,
// results out on standard output in the same order.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
)

type testCase struct {
	Template string
	Data     interface{}
	Sprig    bool
}

type result struct {
	Output string `json:"output"`
	Error  string `json:"error,omitempty"`
}

func main() {
	decoder := json.NewDecoder(os.Stdin)
	decoder.UseNumber()
	var cases []testCase
	if err := decoder.Decode(&cases); err != nil {
		panic(err)
	}
	results := make([]result, len(cases))
	for i, one := range cases {
		results[i] = render(one)
	}
	json.NewEncoder(os.Stdout).Encode(results)
}

func render(one testCase) (made result) {
	defer func() {
		if reason := recover(); reason != nil {
			made = result{Error: fmt.Sprint("panic: ", reason)}
		}
	}()
	parsing := template.New("").Option("missingkey=error")
	if one.Sprig {
		parsing = parsing.Funcs(sprig.TxtFuncMap()).Funcs(tinkerbell)
	}
	parsed, err := parsing.Parse(one.Template)
	if err != nil {
		return result{Error: err.Error()}
	}
	var output bytes.Buffer
	if err := parsed.Execute(&output, plain(one.Data)); err != nil {
		return result{Error: err.Error()}
	}
	return result{Output: output.String()}
}

// plain has whole numbers as int, as the appliance has them.
func plain(value interface{}) interface{} {
	switch value := value.(type) {
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return int(whole)
		}
		fraction, _ := value.Float64()
		return fraction
	case []interface{}:
		for i := range value {
			value[i] = plain(value[i])
		}
	case map[string]interface{}:
		for key := range value {
			value[key] = plain(value[key])
		}
	}
	return value
}

var tinkerbell = template.FuncMap{
	"formatPartition": func(device string, partition int) string {
		if strings.HasPrefix(device, "/dev/disk/") {
			return fmt.Sprintf("%s-part%d", device, partition)
		}
		if last := device[len(device)-1]; last >= '0' && last <= '9' {
			return fmt.Sprintf("%sp%d", device, partition)
		}
		return fmt.Sprintf("%s%d", device, partition)
	},
	"netmaskToPrefixLength": func(netmask string) (string, error) {
		ip := net.ParseIP(netmask).To4()
		if ip == nil {
			return "", fmt.Errorf("%s is no netmask", netmask)
		}
		ones, bits := net.IPMask(ip).Size()
		if bits == 0 {
			return "", fmt.Errorf("%s is no netmask", netmask)
		}
		return fmt.Sprint(ones), nil
	},
}
