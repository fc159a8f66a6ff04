-- `area`, a level times seconds, in hours and rounded once: 32 decimals of the division can't change how it is rounded,
-- since a result that is no half is further from one than 10^-18.
round(area::numeric(80, 32) / 3600, 8)
