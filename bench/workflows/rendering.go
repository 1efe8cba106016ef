// Times Go's own text/template: template, data and rounds in on standard input as JSON, milliseconds out.
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"text/template"
	"time"
)

func main() {
	var order struct {
		Template       string
		Data           map[string]interface{}
		Rounds, Renderings int
	}
	if err := json.NewDecoder(os.Stdin).Decode(&order); err != nil {
		panic(err)
	}
	var text string
	round := func() float64 {
		start := time.Now()
		for i := 0; i < order.Renderings; i++ {
			parsed := template.Must(template.New("").Option("missingkey=error").Parse(order.Template))
			var output bytes.Buffer
			if err := parsed.Execute(&output, order.Data); err != nil {
				panic(err)
			}
			text = output.String()
		}
		return float64(time.Since(start).Microseconds()) / 1000 / float64(order.Renderings)
	}
	round()
	figures := make([]float64, order.Rounds)
	for i := range figures {
		figures[i] = round()
	}
	json.NewEncoder(os.Stdout).Encode(map[string]interface{}{"figures": figures, "text": text})
}
