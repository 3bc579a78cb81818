package status

// automaton finds all of its patterns in a text in one pass (Aho and Corasick, Efficient
// string matching, 1975). The package keeps to the standard library, which has none.
type automaton struct {
	root  [256]int32 // first step, 0: stay
	nodes []acNode
}

// acNode is a node of the trie. Its children are a list, since nearly all have but one.
type acNode struct {
	child, sibling int32
	fail           int32 // longest proper suffix that is a node
	out            int32 // next node on the way of fails that ends a pattern, or 0
	pattern        int32 // the pattern that ends here, plus one
	c              byte
}

// newAutomaton returns the automaton of patterns, which must be sorted, distinct and not empty.
func newAutomaton(patterns []string) *automaton {
	n, before := 1, ""
	for _, pattern := range patterns {
		n += len(pattern) - common(before, pattern)
		before = pattern
	}
	a := &automaton{nodes: make([]acNode, 1, n)}
	way := make([]int32, 1, 64) // the nodes of the pattern before, from the root
	for p, pattern := range patterns {
		shared := 0
		if p > 0 {
			shared = common(patterns[p-1], pattern)
		}
		sibling := int32(0) // where the two part, the one before goes on with its last node so far
		if shared+1 < len(way) {
			sibling = way[shared+1]
		}
		way = way[:shared+1]
		for i := shared; i < len(pattern); i++ {
			at, next := way[i], int32(len(a.nodes))
			a.nodes = append(a.nodes, acNode{c: pattern[i], sibling: sibling})
			a.nodes[at].child, sibling = next, 0
			if at == 0 {
				a.root[pattern[i]] = next
			}
			way = append(way, next)
		}
		a.nodes[way[len(pattern)]].pattern = int32(p + 1)
	}
	queue := make([]int32, 1, n)
	for i := 0; i < len(queue); i++ {
		at := queue[i]
		for child := a.nodes[at].child; child != 0; child = a.nodes[child].sibling {
			if at != 0 {
				fail := a.next(a.nodes[at].fail, a.nodes[child].c)
				a.nodes[child].fail = fail
				if a.nodes[child].out = a.nodes[fail].out; a.nodes[fail].pattern != 0 {
					a.nodes[child].out = fail
				}
			}
			queue = append(queue, child)
		}
	}
	return a
}

// common returns how many bytes a and b begin with alike.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// step returns the child of a node for c, or 0.
func (a *automaton) step(at int32, c byte) int32 {
	if at == 0 {
		return a.root[c]
	}
	child := a.nodes[at].child
	for child != 0 && a.nodes[child].c != c {
		child = a.nodes[child].sibling
	}
	return child
}

// next returns the node after c was read at a node.
func (a *automaton) next(at int32, c byte) int32 {
	for {
		if next := a.step(at, c); next != 0 || at == 0 {
			return next
		}
		at = a.nodes[at].fail
	}
}

// find calls hit for each occurrence of a pattern, by position of its end.
func (a *automaton) find(text []byte, hit func(pattern, end int)) {
	at := int32(0)
	for i, c := range text {
		at = a.next(at, c)
		for n := at; n != 0; n = a.nodes[n].out {
			if p := a.nodes[n].pattern; p != 0 {
				hit(int(p-1), i+1)
			}
		}
	}
}
