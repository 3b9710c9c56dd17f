select distinct provider, stream, inventory, listing
from ({{ of_providers('rows') }}) as declared
