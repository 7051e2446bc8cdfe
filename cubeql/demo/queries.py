"""The demo's questions: what a scientist asks over several layers, and the CubeQL that answers."""

from __future__ import annotations

from dataclasses import dataclass

from cubeql.demo.sources import DATA


@dataclass(frozen=True, slots=True)
class DemoQuery:
    """A question with its text.

    Attributes:
        name: short name.
        question: what is asked.
        shows: what of the language it shows.
        template: the statement, ``{data}`` standing for the folder of the data files.
    """

    name: str
    question: str
    shows: str
    template: str

    @property
    def text(self) -> str:
        """The statement, complete: it can be pasted into the shell."""
        return self.template.strip().replace("{data}", str(DATA).replace("'", "''"))


QUERIES = (
    DemoQuery(
        "greenness",
        "Is the forest greener where the tree cover map of 2018 says it is denser?",
        "a composite per cell from two cloudy summers, joined with a map of a coarser grid",
        """
WITH summer AS (
  FROM s2
  FILTER scl IN ('vegetation', 'not_vegetated')
  FILTER time DURING '2017/2018' AND month(time) BETWEEN 6 AND 8
  GROUP BY cell
  SELECT cell, median(ndvi(nir, red)) AS greenness
)
FROM summer JOIN trees
GROUP BY bin(tree_cover, 20) AS cover_from
SELECT cover_from, avg(greenness) AS ndvi, stddev(greenness) AS spread, count(*) AS cells
ORDER BY cover_from
""",
    ),
    DemoQuery(
        "season",
        "How does the year of the forest follow the year of the climate?",
        "grids of 10 m, 0.05 and 0.25 degrees; days joined with the calendar months of a climate mean",
        """
FROM s2
JOIN landcover
JOIN climate ON TIME ANY ON month(s2.time) = month(climate.time)
FILTER scl IN ('vegetation', 'not_vegetated')
GROUP BY month(s2.time) AS month, class
SELECT month, class, median(ndvi(nir, red)) AS ndvi, avg(t2m) AS temperature, avg(tp) AS precipitation,
       count(*) AS observations
ORDER BY month, class
""",
    ),
    DemoQuery(
        "moisture",
        "Does canopy moisture (20 m) go with greenness (10 m), seen on the nearest day within three weeks?",
        "two grids of one satellite, each day of one with the nearest day of the other",
        """
FROM s2 JOIN s2_20m AS wide ON TIME NEAREST WITHIN '21 days'
FILTER s2.scl = 'vegetation' AND wide.scl = 'vegetation'
GROUP BY s2.time AS day, wide.time AS nearest_day
HAVING count(*) >= 5000
SELECT day, nearest_day, avg(ndvi(s2.nir, s2.red)) AS ndvi, avg(ndmi(wide.nir, wide.swir)) AS ndmi,
       corr(ndvi(s2.nir, s2.red), ndmi(wide.nir, wide.swir)) AS r, count(*) AS cells
ORDER BY day
""",
    ),
    DemoQuery(
        "mosaic",
        "When was dense forest last seen without cloud or snow, and how green was it then?",
        "a cloud-free mosaic of the latest valid values, only where another map says so",
        """
WITH newest AS (
  FROM s2 SEMI JOIN trees ON tree_cover >= 70
  FILTER scl = 'vegetation'
  GROUP BY cell
  SELECT cell, latest(ndvi(nir, red)) AS greenness, max(time) AS seen
)
FROM newest
GROUP BY seen
SELECT seen, count(*) AS cells, avg(greenness) AS ndvi
ORDER BY seen DESC
""",
    ),
    DemoQuery(
        "highland",
        "What covers the highlands of Ethiopia, and how high does it lie?",
        "a region from a file, a filter across layers, true areas",
        """
FROM landcover JOIN dem
FILTER cell WITHIN FILE '{data}/ethiopia.geojson' AND elevation >= 1500
GROUP BY class
SELECT class, area() AS km2, avg(elevation) AS mean_elevation, max(elevation) AS highest
ORDER BY km2 DESC
""",
    ),
    DemoQuery(
        "lapse",
        "How much colder is January on the cropland of Anatolia, the higher it lies?",
        "three global layers of three resolutions, classes by name, bins",
        """
FROM landcover JOIN dem JOIN climate
FILTER class = 'Croplands' AND month(climate.time) = 1 AND cell WITHIN BBOX(26, 36, 45, 42)
GROUP BY bin(elevation, 250) AS from_height
SELECT from_height, avg(t2m) AS january, min(t2m) AS coldest, count(*) AS cells
ORDER BY from_height
""",
    ),
    DemoQuery(
        "hot_fields",
        "Where on earth does cropland see the hottest month?",
        "a whole-earth join of 14 million cells with a yearly summary of the climate",
        """
WITH yearly AS (
  FROM climate
  GROUP BY cell
  SELECT cell, max(t2m) AS hottest_month, avg(t2m) AS year_mean, sum(tp) AS rain
)
FROM landcover JOIN yearly
FILTER class = 'Croplands'
GROUP BY CELL(2) AS region
SELECT region, count(*) AS fields, max(hottest_month) AS hottest, avg(year_mean) AS year_mean,
       avg(rain) AS rain
HAVING count(*) >= 100
ORDER BY hottest DESC, region
LIMIT 8
""",
    ),
    DemoQuery(
        "towers",
        "Which climates and heights do 121 flux towers stand in, by the land cover of their cells?",
        "the cells of places, finer layers brought to a coarser grid by methods that are named",
        """
WITH place AS (
  FROM climate JOIN dem USING mean JOIN landcover USING mode
  FILTER cell WITHIN FILE '{data}/towers.geojson'
  GROUP BY cell
  SELECT cell, avg(t2m) AS temperature, sum(tp) AS rain, avg(elevation) AS elevation,
         any_value(class) AS class
)
FROM place
GROUP BY class
SELECT class, count(*) AS cells, avg(temperature) AS temperature, avg(rain) AS rain,
       avg(elevation) AS elevation
ORDER BY cells DESC, class
""",
    ),
)
