package status

// WrongSample is a rule's sample that another rule decides.
type WrongSample struct {
	Rule    string // ID of the rule that has the sample
	Line    int    // of the sample in its file
	Text    string
	TakenBy string // ID of the rule that decides it
}

// Len returns the number of rules and of their samples.
func (r *Rules) Len() (rules, samples int) {
	for i := range r.rules {
		samples += len(r.rules[i].samples)
	}
	return len(r.rules), samples
}

// Check returns the samples of r that other rules decide: rules of r before them, or where
// none of r fits, those of this package. A sample is taken as a whole reply; what a rule wants
// besides words and codes (provider, stage, origin, number) is given to it.
func (r *Rules) Check() []WrongSample { return NewClassifier(r).check(len(r.rules)) }

// check checks the samples of the first n rules.
func (c *Classifier) check(n int) (wrong []WrongSample) {
	for i := range c.rules[:n] {
		r := &c.rules[i]
		for _, s := range r.samples {
			c.prepare(&Query{Text: []byte(s.text)})
			c.suit(r)
			if by := c.decide(); by != i {
				wrong = append(wrong, WrongSample{r.id, s.line, s.text, c.rules[by].id})
			}
		}
	}
	return wrong
}

// suit sets the first of what r wants besides words and codes.
func (c *Classifier) suit(r *rule) {
	if len(r.providers) > 0 {
		c.asked.provider = r.providers[0]
	}
	if len(r.stages) > 0 {
		c.asked.stage = r.stages[0]
	}
	if len(r.origins) > 0 {
		c.asked.origin = r.origins[0]
	}
	if len(r.numbers) > 0 {
		c.asked.number = r.numbers[0]
	}
}
