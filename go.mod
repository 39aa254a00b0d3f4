module github.com/perl-ikc/ikc-conform

go 1.26
