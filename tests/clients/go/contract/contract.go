// Package contract is what every client program here speaks (../../README.md).
package contract

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// Admin holds a client's operations by name; each takes the words after the name and gives the answer, "" for ok.
type Admin map[string]func(words []string) (string, error)

// Client is what a program gives.
type Client struct {
	Module  string // whose version is told
	Produce func(bootstrap, topic, compression string, records func(yield func(key, value []byte) bool)) error
	Consume func(bootstrap, topic string, write func(partition int32, offset int64, key, value []byte)) error
	Group   func(bootstrap, topic, group string, count int64, write func(partition int32, offset int64, key, value []byte)) error
	// Copy ends each third transaction by an abort and does it again.
	Copy  func(bootstrap, from, to, group, id string, count int64) error
	Admin func(bootstrap string) (Admin, error)
}

// Main runs what the arguments ask for.
func Main(client Client) {
	if err := run(client, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(client Client, args []string) error {
	switch {
	case len(args) == 5 && args[0] == "produce":
		return produce(client, args[1], args[2], args[3], args[4])
	case len(args) == 4 && args[0] == "consume":
		return consume(client, args[1], args[2], args[3])
	case len(args) == 6 && args[0] == "group":
		return written(args[5], func(write func(partition int32, offset int64, key, value []byte)) error {
			return client.Group(args[1], args[2], args[3], Number(args[4]), write)
		})
	case len(args) == 7 && args[0] == "copy":
		return client.Copy(args[1], args[2], args[3], args[4], args[5], Number(args[6]))
	case len(args) == 1 && args[0] == "version":
		return version(client.Module)
	case len(args) == 2 && args[0] == "admin":
		return dialog(client, args[1])
	}
	return errors.New("produce BOOTSTRAP TOPIC COMPRESSION FILE | consume BOOTSTRAP TOPIC FILE | " +
		"group BOOTSTRAP TOPIC GROUP COUNT FILE | copy BOOTSTRAP FROM TO GROUP ID COUNT | admin BOOTSTRAP | version")
}

func version(module string) error {
	info, _ := debug.ReadBuildInfo()
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			fmt.Println(strings.TrimPrefix(dependency.Version, "v"))
			return nil
		}
	}
	return errors.New("built without " + module)
}

func produce(client Client, bootstrap, topic, compression, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return client.Produce(bootstrap, topic, compression, func(yield func(key, value []byte) bool) {
		for line := range bytes.Lines(data) {
			key, value, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte("\t"))
			if !yield(key, value) {
				return
			}
		}
	})
}

func consume(client Client, bootstrap, topic, path string) error {
	return written(path, func(write func(partition int32, offset int64, key, value []byte)) error {
		return client.Consume(bootstrap, topic, write)
	})
}

func written(path string, read func(write func(partition int32, offset int64, key, value []byte)) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	err = read(func(partition int32, offset int64, key, value []byte) {
		fmt.Fprintf(out, "%d\t%d\t%s\t%s\n", partition, offset, key, value)
	})
	return errors.Join(err, out.Flush(), file.Close())
}

func dialog(client Client, bootstrap string) error {
	operations, err := client.Admin(bootstrap)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		operation, known := operations[words[0]]
		if !known {
			fmt.Println("n/a")
			continue
		}
		answer, err := operation(words[1:])
		switch {
		case err != nil:
			fmt.Println("!", strings.Join(strings.Fields(err.Error()), " "))
		case answer == "":
			fmt.Println("ok")
		default:
			fmt.Println(answer)
		}
	}
	return lines.Err()
}

// Number reads a decimal word that the driver wrote.
func Number(word string) int64 {
	number, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		panic(err)
	}
	return number
}

// YesNo is the answer to "exists".
func YesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
