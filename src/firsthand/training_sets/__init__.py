"""The next training set: which samples go in, how often, and how trainers find them on disk.

`drawn` holds samples as a recipe joins and picks them, `pools` makes them of datasets, `replay`
says which human samples are drawn more often, `validation` what a model may be judged by. `yolo`,
`folders` and `rows` write what was chosen; `origins` says beside it where everything comes from.
"""
