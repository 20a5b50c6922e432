/* SPDX-License-Identifier: MIT */
/*
 * The one list of parsers, sorted by name: a line here adds a parser to the build, the driver, the
 * reports and the docs. PARSER(x) stands for `const struct info_parser x_parser` in a file of its
 * own under parsers/.
 */
#define PARSERS(PARSER)                                                                            \
	PARSER(bounded)                                                                            \
	PARSER(kernel)                                                                             \
	PARSER(ksft_vfio)                                                                          \
	PARSER(naive)
