/* Seeds, and the digests at which they end on Debian's Linux 6.1 (686-pae). */
{1, 0xe62f9e3c}, {2, 0xad84b8dc}, {3, 0x68afa263}, {4, 0x70c15ee3}, {5, 0x560330f5},
	{6, 0x25626231}, {7, 0x7a0bc67b}, {8, 0xc3f3dbd3}, {9, 0x6a77c73d}, {10, 0x39902b7b},
	{11, 0xc07d4c65}, {12, 0xebdf4a73}, {34, 0xac26cf7d}, {63, 0x21946514}, {89, 0x6afbf3b5},
	{95, 0x0f91db27},
