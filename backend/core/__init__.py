"""The pure rules of the house: standard library only, no IO, no clock, no float."""
