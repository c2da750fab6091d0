"""What it takes to keep the classes: targets, needs, outcomes, their check and how they are shown.

The verb is `firsthand.plan`.
"""
