// Renders a Helm chart, or reads manifests, and prints the objects as a JSON array.
//
//	render-chart chart FOLDER RELEASE NAMESPACE <values.json    values over the chart's own
//	render-chart manifests FILE...
//
// It is no Helm: it is what Helm's templates are made of, text/template and sprig, with the few functions that Helm adds
// (include, required, fail, toYaml) written as its documentation describes them, and Helm's built-in objects Release,
// Chart and Values. No dependencies, no hooks, no cluster.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type object = map[string]interface{}

func main() {
	objects := []interface{}{}
	var err error
	switch os.Args[1] {
	case "chart":
		objects, err = renderChart(os.Args[2], os.Args[3], os.Args[4])
	case "manifests":
		for _, file := range os.Args[2:] {
			text, readErr := ioutil.ReadFile(file)
			if readErr != nil {
				err = readErr
				break
			}
			if objects, err = appendObjects(objects, file, text); err != nil {
				break
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(objects)
}

func renderChart(folder string, release string, namespace string) ([]interface{}, error) {
	values, err := valuesOf(folder)
	if err != nil {
		return nil, err
	}
	chart := object{}
	if err := readYaml(filepath.Join(folder, "Chart.yaml"), &chart); err != nil {
		return nil, err
	}
	top := object{
		"Values":  values,
		"Release": object{"Name": release, "Namespace": namespace, "Service": "Helm", "Revision": 1, "IsInstall": true, "IsUpgrade": false},
		// Helm's Chart has its fields in capitals.
		"Chart": object{"Name": chart["name"], "Version": chart["version"], "AppVersion": chart["appVersion"]},
	}
	files, err := filepath.Glob(filepath.Join(folder, "templates", "*"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	all := template.New("chart").Option("missingkey=zero")
	all.Funcs(functions(all))
	for _, file := range files {
		text, err := ioutil.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if _, err := all.New(filepath.Base(file)).Parse(string(text)); err != nil {
			return nil, err
		}
	}
	objects := []interface{}{}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasPrefix(name, "_") {
			continue
		}
		var out bytes.Buffer
		if err := all.ExecuteTemplate(&out, name, top); err != nil {
			return nil, err
		}
		// As helm does: what is missing is empty.
		text := strings.Replace(out.String(), "<no value>", "", -1)
		if name == "NOTES.txt" {
			continue
		}
		if objects, err = appendObjects(objects, name, []byte(text)); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

func functions(all *template.Template) template.FuncMap {
	known := sprig.TxtFuncMap()
	known["include"] = func(name string, data interface{}) (string, error) {
		var out bytes.Buffer
		err := all.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	known["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, errors.New(message)
		}
		return value, nil
	}
	known["fail"] = func(message string) (string, error) { return "", errors.New(message) }
	known["toYaml"] = func(value interface{}) (string, error) {
		var out bytes.Buffer
		encoder := yaml.NewEncoder(&out)
		encoder.SetIndent(2)
		err := encoder.Encode(value)
		return strings.TrimSuffix(out.String(), "\n"), err
	}
	return known
}

func valuesOf(folder string) (object, error) {
	values := object{}
	if err := readYaml(filepath.Join(folder, "values.yaml"), &values); err != nil {
		return nil, err
	}
	given := object{}
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return nil, err
	}
	return merged(values, given), nil
}

func merged(base object, over object) object {
	for key, value := range over {
		inner, isObject := value.(object)
		below, hasObject := base[key].(object)
		if isObject && hasObject {
			base[key] = merged(below, inner)
		} else {
			base[key] = value
		}
	}
	return base
}

func readYaml(file string, into *object) error {
	text, err := ioutil.ReadFile(file)
	if err != nil {
		return err
	}
	return yaml.Unmarshal(text, into)
}

func appendObjects(objects []interface{}, file string, text []byte) ([]interface{}, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var one interface{}
		err := decoder.Decode(&one)
		if err == io.EOF {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %v\n%s", file, err, text)
		}
		if one != nil {
			objects = append(objects, one)
		}
	}
}
