package dumper_test

import (
	"fmt"
	"log"

	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

func Example() {
	v, err := perl.Marshal(map[string]any{"list": []any{1, "two"}})
	if err != nil {
		log.Fatal(err)
	}
	text, err := dumper.Freeze(v)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))

	v, err = dumper.Thaw(text)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(perl.Format(v, perl.FormatOptions{}))
	// Output:
	// $POE::Component::IKC::Freezer::VAR1 = {'list' => [1,'two']};
	// {list => [1, 'two']}
}
