package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
)

// answer is what Go made of one case: the output, or the class and text of its error.
type answer struct {
	Output []byte `json:"output,omitempty"`
	Class  string `json:"class,omitempty"`
	Error  []byte `json:"error,omitempty"`
}

// serve renders cases that come in as JSON lines and answers each with a line, for the differential fuzzer.
func serve() {
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), bufio.NewWriterSize(os.Stdout, 1<<20)
	answers := json.NewEncoder(out)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		fail(err)
		var s spec
		fail(json.Unmarshal(line, &s))
		if s.TemplateB64 != nil {
			s.Template = string(s.TemplateB64)
		}
		fail(answers.Encode(answerTo(s)))
		// At once: a later case may hang, and must not take this answer with it.
		fail(out.Flush())
	}
}

func answerTo(s spec) answer {
	output, class, err := render(group{}, s)
	if err != nil {
		return answer{Class: class, Error: []byte(err.Error())}
	}
	return answer{Output: []byte(output)}
}
