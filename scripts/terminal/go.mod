module terminal

go 1.26.0
