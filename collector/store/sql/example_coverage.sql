-- Which clusters of a discovered folder are in no list, and which of them are left out on purpose?
SELECT name AS cluster, coverage, managed AS watched, labels ->> 'env' AS env
FROM inventory.coverage
WHERE coverage <> 'covered'
ORDER BY name
