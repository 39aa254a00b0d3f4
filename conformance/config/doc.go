// Package config reads ikc-conform.yaml, the file that holds what one would type again and again
// after run, matrix and check.
//
// Source: none; POE::Component::IKC has nothing of the kind.
package config
